/**
 * Whose timers hold. Observed of V2Ray 4.34 (SOCKS inbound; freedom, vmess, socks and http outbounds; one level with
 * timeouts of 3 s and one of 60 s): a quiet connection, and one whose client has ended, goes by the shorter of the two
 * levels, whichever side has it; an outbound without a level has level 0. Once the target has ended, V2Ray keeps the
 * client's side for the inbound's uplinkOnly whatever the outbound's; here the shorter of them ends both.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPolicy } from '../../../src/app/policy/policy.js';
import { createOutbounds } from '../../../src/compose/outbound.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { defaultLevelPolicy, type LevelPolicy } from '../../../src/contract/policy.js';
import { partsOf } from '../../../src/library/parts.js';
import { contextFor } from '../../helper/contexts.js';
import { dispatcherTo } from '../../helper/dispatchers.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { at } from '../../helper/fake-listen.js';
import { FakeOutbound } from '../../helper/fake-outbound.js';
import { FakePackets } from '../../helper/fake-packets.js';
import { MemoryAccessLog } from '../../helper/memory-log.js';
import { ScriptedLink } from '../../helper/scripted-link.js';

class LeveledOutbound extends FakeOutbound {
  readonly levels: readonly number[];

  constructor(levels: readonly number[]) {
    super();
    this.levels = levels;
  }
}

function timers(seconds: number): LevelPolicy {
  const ms = seconds * 1000;
  return { ...defaultLevelPolicy, connIdleMs: ms, uplinkOnlyMs: ms / 2, downlinkOnlyMs: ms / 2 };
}

function start(levels: readonly number[]) {
  const clock = new FakeClock();
  const known = new Map([
    [1, timers(10)],
    [2, timers(60)],
  ]);
  const policy = createPolicy(() => known);
  const outbound = new LeveledOutbound(levels);
  const dispatcher = dispatcherTo([outbound], { clock, policy });
  return { clock, dispatcher, outbound };
}

const web = at('192.0.2.1', 80);

describe('the shorter timers of the inbound and the outbound', () => {
  const rows: readonly (readonly [own: number, outbound: readonly number[], seconds: number])[] = [
    [1, [2], 10],
    [2, [1], 10],
    [2, [2], 60],
    [2, [], 60],
    [2, [2, 1], 10],
    // Level 0 is not listed: 300 s.
    [2, [0], 60],
    [0, [2], 60],
  ];
  for (const [level, levels, seconds] of rows) {
    test(`level ${level}, outbound ${levels.join(' and ') || 'without'}: ${seconds} s`, async () => {
      const { clock, dispatcher } = start(levels);
      const idle = await dispatcher.open(contextFor(web, { level }));
      const idleEnd = idle.relay(new ScriptedLink());
      clock.advance(seconds * 1000 - 1);
      assert.ok(clock.pendingTimers > 0);
      clock.advance(1);
      assert.equal((await idleEnd).error?.code, 'ERR_IDLE_TIMEOUT');

      const packets = await dispatcher.openPackets(contextFor({ ...web, network: 'udp' }, { level }));
      const packetEnd = packets.relay(new FakePackets());
      clock.advance(seconds * 1000 - 1);
      assert.ok(clock.pendingTimers > 0);
      clock.advance(1);
      assert.equal((await packetEnd).error, undefined);
      assert.equal(clock.pendingTimers, 0);
    });
  }
});

test('the level of each outbound: its own, that of its users, or 0', () => {
  const id = 'a3482e88-686a-4a58-8126-99c9df64b7bf';
  const vnext = (...levels: readonly (number | undefined)[]): object => ({
    vnext: [{ address: '127.0.0.1', port: 1, users: levels.map((level) => ({ id, level })) }],
  });
  const servers = (...users: readonly object[]): object => ({
    servers: [{ address: '127.0.0.1', port: 1, users }],
  });
  const rows: readonly (readonly [
    protocol: string,
    settings: object,
    levels: readonly number[] | undefined,
    more?: object,
  ])[] = [
    ['freedom', {}, [0]],
    ['freedom', { userLevel: 3 }, [3]],
    ['vmess', vnext(4), [4]],
    ['vmess', vnext(undefined), [0]],
    ['vmess', vnext(4), [4], { mux: { enabled: true } }],
    ['vmess', { ...vnext(4), packetEncoding: 'xudp' }, [4]],
    ['vmess', { ...vnext(4), packetEncoding: 'packetaddr' }, [4]],
    ['socks', servers(), [0]],
    ['socks', servers({ user: 'a', pass: 'b', level: 5 }, { user: 'c', pass: 'd' }), [5, 0]],
    ['http', servers({ user: 'a', pass: 'b', level: 5 }), [5]],
    ['blackhole', {}, undefined],
  ];
  for (const [protocol, settings, levels, more] of rows) {
    const { settings: parsed, errors } = parseConfig(
      JSON.stringify({ outbounds: [{ protocol, settings, ...more }] }),
    );
    assert.deepEqual(errors, []);
    const parts = partsOf({}, new Map(), new MemoryAccessLog());
    const dispatcher = (): never => assert.fail('it is asked when a connection comes');
    const [outbound] = createOutbounds(parsed!.outbounds, { ...parts, dispatcher });
    assert.deepEqual(outbound?.levels, levels, protocol);
  }
});
