/** A defect in anything the dispatcher asks or tells costs the one connection: both its links end, and others live. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DispatcherDeps } from '../../../src/app/dispatcher/dispatcher.js';
import type { StreamClient } from '../../../src/contract/dispatcher.js';
import type { Outbound } from '../../../src/contract/outbound.js';
import { defaultLevelPolicy } from '../../../src/contract/policy.js';
import type { Sniffing } from '../../../src/contract/sniffer.js';
import { contain } from '../../../src/core/contain.js';
import { contextFor } from '../../helper/contexts.js';
import { type Defects, watchDefects } from '../../helper/defects.js';
import { dispatcherTo } from '../../helper/dispatchers.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { at } from '../../helper/fake-listen.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { ScriptedLink, settle } from '../../helper/scripted-link.js';

let defects: Defects;
before(() => {
  defects = watchDefects();
});
after(() => defects.stop());

/** Fails while `armed`. */
class Trap {
  armed = false;

  readonly spring = (): void => {
    if (this.armed) throw new TypeError('a defect');
  };
}

interface Layer {
  readonly deps?: (trap: Trap) => Partial<Omit<DispatcherDeps, 'outbounds'>>;
  readonly sniffing?: (trap: Trap) => Sniffing;
  readonly outbound?: (trap: Trap, inner: FakeOutbound) => Outbound;
  readonly accept?: true;
}

const quietSniffing: Sniffing = {
  stream: () => ({ state: 'no' }),
  packets: () => undefined,
  metadata: () => undefined,
  overrides: () => false,
  routeOnly: false,
  waitMs: 100,
  limitBytes: 100,
};
const nothingTracked = { uplink() {}, downlink() {}, ended() {} };

const layers: Readonly<Record<string, Layer>> = {
  'the router': {
    deps: ({ spring }) => ({
      router: {
        pick() {
          spring();
          return {};
        },
      },
    }),
  },
  'a router that looks up': {
    deps: ({ spring }) => ({
      router: {
        async pick() {
          spring();
          return {};
        },
      },
    }),
  },
  'the policy': {
    deps: ({ spring }) => ({
      policy: {
        forLevel() {
          spring();
          return defaultLevelPolicy;
        },
      },
    }),
  },
  'the limits': {
    deps: ({ spring }) => ({
      limits: {
        hasRoom: () => true,
        admit() {
          spring();
          return { release() {} };
        },
      },
    }),
  },
  'the access log': { deps: ({ spring }) => ({ accessLog: { write: spring } }) },
  'a tracker that is told of a connection': {
    deps: ({ spring }) => ({
      tracker: {
        opened() {
          spring();
          return nothingTracked;
        },
      },
    }),
  },
  'a tracker that counts': {
    deps: ({ spring }) => ({
      tracker: { opened: () => ({ ...nothingTracked, uplink: spring }) },
    }),
  },
  'a tracker that is told of an end': {
    deps: ({ spring }) => ({
      tracker: { opened: () => ({ ...nothingTracked, ended: spring }) },
    }),
  },
  'a sniffer': {
    sniffing: ({ spring }) => ({
      ...quietSniffing,
      stream() {
        spring();
        return { state: 'no' };
      },
    }),
  },
  "a sniffer of the destination's address": {
    sniffing: ({ spring }) => ({
      ...quietSniffing,
      metadata() {
        spring();
        return undefined;
      },
    }),
  },
  'an outbound that throws': {
    outbound: ({ spring }, inner) => ({
      tag: 'out',
      open(context) {
        spring();
        return inner.open(context);
      },
      openPackets: (context) => inner.openPackets(context),
      close: () => inner.close(),
    }),
  },
  'an outbound that rejects': {
    outbound: ({ spring }, inner) => ({
      tag: 'out',
      async open(context) {
        spring();
        return inner.open(context);
      },
      openPackets: (context) => inner.openPackets(context),
      close: () => inner.close(),
    }),
  },
  "an outbound's link": {
    outbound: ({ spring }, inner) => ({
      tag: 'out',
      async open(context) {
        const link = await inner.open(context);
        const { start } = link;
        link.start = (sink) => {
          spring();
          start.call(link, sink);
        };
        return link;
      },
      openPackets: (context) => inner.openPackets(context),
      close: () => inner.close(),
    }),
  },
  'an inbound that accepts': { accept: true },
};

/** As from a transport, which contains what its sink throws. */
function arrive(link: ScriptedLink, text: string): void {
  contain(
    (error) => link.destroy(error),
    () => link.deliver(text),
  )();
}

interface Connection {
  readonly link: ScriptedLink;
  readonly over: Promise<unknown>;
  refused: boolean;
}

describe('a defect in', { timeout: 10_000 }, () => {
  for (const [name, layer] of Object.entries(layers)) {
    test(`${name} ends its connection, both sides, and no other`, async () => {
      const trap = new Trap();
      const inner = new FakeOutbound('out');
      const outbound = layer.outbound?.(trap, inner) ?? inner;
      const dispatcher = dispatcherTo([outbound], {
        clock: new FakeClock(),
        ...layer.deps?.(trap),
      }).withSniffing(layer.sniffing?.(trap));
      const connect = async (): Promise<Connection> => {
        const link = new ScriptedLink();
        const client: StreamClient = {
          link,
          accept: layer.accept === true ? trap.spring : () => undefined,
          refuse() {
            connection.refused = true;
            link.close();
          },
        };
        const over = dispatcher.dispatch(contextFor(at('192.0.2.1', 80)), client);
        const connection: Connection = { link, over, refused: false };
        await settle();
        arrive(link, 'first');
        await settle();
        return connection;
      };

      const other = await connect();
      assert.equal(inner.links[0]?.outputText, 'first');
      trap.armed = true;
      const one = await connect();
      // An end that is told of what broke.
      if (!one.link.gone) {
        one.link.goAway();
        inner.links[1]?.goAway();
      }
      await one.over;
      assert.ok(one.link.gone);
      assert.ok(inner.links[1]?.gone ?? true, "the target's link is gone");
      trap.armed = false;

      arrive(other.link, ' and second');
      assert.equal(inner.links[0]?.outputText, 'first and second');
      const later = await connect();
      assert.equal(inner.links.at(-1)?.outputText, 'first');
      for (const { link, over } of [other, later]) {
        link.destroy();
        await settle();
        for (const target of inner.links) target.destroy();
        await over;
      }
    });
  }
});
