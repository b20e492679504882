/** `--ignore-unsupported` opens nothing that a rule blocks, and tells what else it changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateV2rayFlags } from '../../../src/cli/v2ray-flags.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatProblem } from '../../../src/config/problem.js';

/** A condition that tsray does not have. */
const process = ['curl'];

function linesOf(
  rules: readonly object[],
  ignoreUnsupported: boolean | 'open',
  outbounds: readonly object[] = [
    { protocol: 'freedom', tag: 'direct' },
    { protocol: 'blackhole', tag: 'blocked' },
    { protocol: 'socks', tag: 'upstream', settings: { servers: [{ address: '127.0.0.1', port: 1 }] } },
  ],
): readonly string[] {
  const text = JSON.stringify({ inbounds: [{ protocol: 'socks', port: 1 }], outbounds, routing: { rules } });
  const { errors, warnings } = parseConfig(text, { ignoreUnsupported });
  return [...errors, ...warnings].map(formatProblem).filter((line) => line.includes('routing.rules'));
}

const blocking = { type: 'field', ip: ['geoip:private'], process, outboundTag: 'blocked' };

test('a rule that blocks something stays an error', () => {
  const [line] = linesOf([blocking], true);
  assert.match(
    line!,
    /^config\.json:1:\d+ {2}ERR_CONFIG_UNSUPPORTED {2}routing\.rules\[0\]: this rule blocks something and cannot be left out: without it what has ip "geoip:private" and process "curl" is no longer blocked and leaves by the first outbound, "direct"\. Hint: With --ignore-unsupported=open it is left out all the same\.$/,
  );
});

test('so it does under the newer name of blackhole, in another case, and with an outbound that comes first', () => {
  const outbounds = [{ protocol: 'Block', tag: 'reject' }, { protocol: 'direct' }];
  const rule = { Process: process, PORT: '25,465', OutboundTag: 'reject' };
  assert.match(
    linesOf([rule], true, outbounds)[0]!,
    /what has Process "curl" and PORT "25,465" is no longer blocked/,
  );
});

test('with "open" it is a warning that says what is open', () => {
  const lines = linesOf([blocking], 'open');
  assert.ok(lines.every((line) => line.includes('  warning  ERR_CONFIG_UNSUPPORTED  ')));
  assert.ok(
    lines.some((line) =>
      line.includes(
        'routing.rules[0]: this rule is left out: what has ip "geoip:private" and process "curl" is no longer blocked',
      ),
    ),
  );
});

test('other rules are told one by one', () => {
  const rules = [
    { process, domain: ['a', 'b', 'c', 'd', 'e'], outboundTag: 'upstream' },
    { process, network: 'udp', balancerTag: 'many' },
  ];
  const lines = linesOf(rules, true).filter((line) => line.includes('this rule is left out: what'));
  assert.equal(lines.length, 2);
  assert.match(
    lines[0]!,
    /rules\[0\]: .*domain "a", "b", "c" and 2 more leaves by the first outbound, "direct", or by what another rule says, not by "upstream"$/,
  );
  assert.match(lines[1]!, /rules\[1\]: .*network "udp" leaves by .*, not by its balancer$/);
});

test('without the option nothing is left out', () => {
  const lines = linesOf([blocking], false);
  assert.ok(lines.every((line) => !line.includes('left out: what') && !line.includes('no longer blocked')));
});

test('the option takes a value behind "=" alone, so that a file may follow it', () => {
  assert.deepEqual(translateV2rayFlags(['test', '--ignore-unsupported', 'a.json']), [
    'test',
    '--ignore-unsupported=closed',
    'a.json',
  ]);
  assert.deepEqual(translateV2rayFlags(['run', '--ignore-unsupported=open']), [
    'run',
    '--ignore-unsupported=open',
  ]);
});
