import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RouteQuery } from '../../../src/contract/route-query.js';
import type { Sniffing } from '../../../src/contract/sniffer.js';
import { TsrayError } from '../../../src/core/errors.js';
import { contextFor } from '../../helper/contexts.js';
import { dispatcherTo } from '../../helper/dispatchers.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { at } from '../../helper/fake-listen.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { MemoryAccessLog } from '../../helper/memory-log.js';
import { ScriptedLink, settle } from '../../helper/scripted-link.js';

/** Finds `name NAME;` and gives up on anything that does not begin so. */
const names: Sniffing = {
  stream: (bytes) => {
    const text = Buffer.from(bytes).toString('latin1');
    if (!'name '.startsWith(text.slice(0, 5))) return { state: 'no' };
    const domain = /^name (.*);/.exec(text)?.[1];
    return domain === undefined
      ? { state: 'more' }
      : { state: 'found', sniffed: { protocol: 'test', domain } };
  },
  packets: () => undefined,
  metadata: () => undefined,
  overrides: () => true,
  routeOnly: false,
  waitMs: 200,
  limitBytes: 1024,
};

function start(sniffing: Partial<Sniffing> = {}) {
  const clock = new FakeClock();
  const outbound = new FakeOutbound();
  const accessLog = new MemoryAccessLog();
  const queries: RouteQuery[] = [];
  const router = {
    pick: (query: RouteQuery) => {
      queries.push(query);
      return {};
    },
  };
  const dispatcher = dispatcherTo([outbound], { clock, accessLog, router }).withSniffing({
    ...names,
    ...sniffing,
  });
  const link = new ScriptedLink();
  const answers: string[] = [];
  const done = dispatcher.dispatch(contextFor(at('192.0.2.1', 80)), {
    link,
    accept: () => answers.push('accepted'),
    refuse: (error) => answers.push(error.code),
  });
  return { accessLog, answers, clock, done, link, outbound, queries };
}

describe('sniffing', () => {
  test('the client is told to send first; the name takes the place of the address, and the bytes arrive', async () => {
    const { accessLog, answers, link, outbound, queries } = start();
    assert.deepEqual(answers, ['accepted']);
    link.deliver('name exam');
    await settle();
    assert.equal(outbound.contexts.length, 0);
    link.deliver('ple.com; and more');
    await settle();
    assert.equal(queries[0]?.destination.address.host, 'example.com');
    assert.equal(queries[0]?.sniffed?.protocol, 'test');
    assert.equal(outbound.contexts[0]?.destination.address.host, 'example.com');
    assert.equal(outbound.links[0]?.outputText, 'name example.com; and more');
    // The access log shows what the client asked for.
    assert.equal(accessLog.records[0]?.to, 'tcp:192.0.2.1:80');
    assert.deepEqual(answers, ['accepted']);
  });

  test('routeOnly: rules see the name, the address is dialed', async () => {
    const { link, outbound, queries } = start({ routeOnly: true });
    link.deliver('name example.com;');
    await settle();
    assert.equal(queries[0]?.destination.address.host, 'example.com');
    assert.equal(outbound.contexts[0]?.destination.address.host, '192.0.2.1');
  });

  test('bytes of nothing that is known are routed at once', async () => {
    const { clock, link, outbound } = start();
    link.deliver('SSH-2.0');
    await settle();
    assert.equal(outbound.contexts[0]?.destination.address.host, '192.0.2.1');
    assert.equal(outbound.contexts[0]?.sniffed, undefined);
    assert.equal(outbound.links[0]?.outputText, 'SSH-2.0');
    clock.advance(200);
  });

  test('a client that waits for the server is waited for as long as configured', async () => {
    const { clock, outbound } = start();
    clock.advance(199);
    await settle();
    assert.equal(outbound.contexts.length, 0);
    clock.advance(1);
    await settle();
    assert.equal(outbound.contexts.length, 1);
  });

  test('a client that ends, or leaves, is not waited for', async () => {
    const ending = start();
    ending.link.deliver('na');
    ending.link.deliverEnd();
    await settle();
    assert.equal(ending.outbound.links[0]?.outputText, 'na');
    const leaving = start();
    leaving.link.goAway(new TsrayError('ERR_RESET', 'gone'));
    await settle();
    assert.equal((await leaving.done).error?.code, 'ERR_RESET');
  });

  test('what the address tells needs no bytes, and counts more than they do', async () => {
    const metadata = (): { protocol: string; domain: string } => ({
      protocol: 'fakedns',
      domain: 'fake.example',
    });
    const only = start({ waitMs: 0, metadata });
    await settle();
    assert.deepEqual(only.answers, ['accepted']);
    assert.equal(only.outbound.contexts[0]?.destination.address.host, 'fake.example');
    const both = start({ metadata });
    both.link.deliver('name example.com;');
    await settle();
    assert.equal(both.outbound.contexts[0]?.sniffed?.protocol, 'test');
    assert.equal(both.outbound.contexts[0]?.destination.address.host, 'fake.example');
  });
});

test('without sniffing the client is told only when its target is open, or why it is not', async () => {
  const outbound = new FakeOutbound();
  outbound.failures.push(new TsrayError('ERR_DIAL_REFUSED', 'refused'));
  const dispatcher = dispatcherTo([outbound]);
  const answers: string[] = [];
  const client = (): { link: ScriptedLink; accept(): void; refuse(error: TsrayError): void } => ({
    link: new ScriptedLink(),
    accept: () => answers.push('accepted'),
    refuse: (error) => answers.push(error.code),
  });
  const refused = await dispatcher.dispatch(contextFor(at('192.0.2.1', 80)), client());
  assert.equal(refused.error?.code, 'ERR_DIAL_REFUSED');
  const { link, ...rest } = client();
  const done = dispatcher.dispatch(contextFor(at('192.0.2.1', 80)), { link, ...rest });
  await settle();
  assert.deepEqual(answers, ['ERR_DIAL_REFUSED', 'accepted']);
  link.goAway();
  assert.equal((await done).error, undefined);
});

test('a client that left while its target was opened gets none', async () => {
  const outbound = new FakeOutbound();
  const left = new AbortController();
  const link = new ScriptedLink();
  const opened = outbound.open.bind(outbound);
  outbound.open = async (context) => {
    const target = await opened(context);
    left.abort();
    return target;
  };
  const outcome = await dispatcherTo([outbound]).dispatch(
    contextFor(at('192.0.2.1', 80), { signal: left.signal }),
    {
      link,
      accept: () => assert.fail('nobody is there'),
      refuse: () => assert.fail('nobody is there'),
    },
  );
  assert.equal(outcome.error?.code, 'ERR_ABORTED');
  assert.equal(outbound.links[0]?.destroyed, true);
});
