/** `finalmask`: mKCP's seed and header as newer cores write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundOf, outboundOf, problemLines } from '../../helper/config.js';

const kcp = (more: object) => ({ network: 'kcp', ...more });
const masks = (...udp: object[]) => kcp({ finalmask: { udp } });
const mask = (type: string, settings?: object) => (settings === undefined ? { type } : { type, settings });

function both(streamSettings: object): unknown[] {
  return [
    inboundOf({ protocol: 'socks', port: 1, streamSettings }).stream,
    outboundOf({ protocol: 'freedom', streamSettings }).stream,
  ];
}

test('masks mean what kcpSettings say in V2Ray', () => {
  const same: readonly (readonly [string, object, object])[] = [
    ['nothing', masks(mask('mkcp-legacy')), kcp({})],
    ['empty texts', masks(mask('mkcp-legacy', { header: '', value: '' })), kcp({})],
    ['no masks', masks(), kcp({})],
    ['a seed', masks(mask('mkcp-legacy', { value: 's' })), kcp({ kcpSettings: { seed: 's' } })],
    [
      'a seed and a header',
      masks(mask('mkcp-legacy', { value: 's' }), mask('mkcp-legacy', { header: 'wechat' })),
      kcp({ kcpSettings: { seed: 's', header: { type: 'wechat-video' } } }),
    ],
    [
      'a header alone',
      masks(mask('mkcp-legacy'), mask('mkcp-legacy', { header: 'SRTP' })),
      kcp({ kcpSettings: { header: { type: 'srtp' } } }),
    ],
    [
      'the words of the first releases',
      masks(mask('mkcp-aes128gcm', { password: 's' }), mask('header-wireguard')),
      kcp({ kcpSettings: { seed: 's', header: { type: 'wireguard' } } }),
    ],
    ['their form without a seed', masks(mask('mkcp-original')), kcp({})],
  ];
  for (const [what, newer, older] of same) assert.deepEqual(both(newer), both(older), what);
});

test('the capacity beside it counts', () => {
  const stream = masks(mask('mkcp-legacy', { value: 's' }));
  assert.deepEqual(
    both({ ...stream, kcpSettings: { mtu: 1200 } }),
    both(kcp({ kcpSettings: { mtu: 1200, seed: 's' } })),
  );
});

test('what mKCP here cannot do, and masks of other transports, are errors', () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [masks(mask('mkcp-legacy', { header: 'utp' })), /udp: of masks \(finalmask\) mKCP takes one/],
    [
      masks(mask('mkcp-legacy', { header: 'utp' }), mask('mkcp-legacy')),
      /udp: of masks \(finalmask\) mKCP takes one/,
    ],
    [masks(mask('mkcp-legacy'), mask('mkcp-legacy', { header: 'dns' })), /the header "dns" is not supported/],
    [masks(mask('salamander', { password: 's' })), /the mask "salamander" \(finalmask\) is not supported/],
    [masks(mask('mkcp-legcay')), /udp\[0\]\.type: expected .*Did you mean "mkcp-legacy"/],
    [{ network: 'quic', finalmask: { udp: [mask('mkcp-legacy')] } }, /supported with mKCP only/],
    [{ finalmask: { udp: [mask('mkcp-legacy')] } }, /supported with mKCP only, and the network is "tcp"/],
    [
      { finalmask: { tcp: [mask('fragment', { length: '1-2' })] } },
      /masks for TCP \(finalmask\) are not supported/,
    ],
    [
      { ...masks(mask('mkcp-legacy', { value: 's' })), kcpSettings: { seed: 't' } },
      /kcpSettings\.seed: given here and by "finalmask"/,
    ],
  ];
  for (const [streamSettings, expected] of wrong) {
    for (const role of ['inbounds', 'outbounds']) {
      const handler = { protocol: role === 'inbounds' ? 'socks' : 'freedom', port: 1, streamSettings };
      const rest =
        role === 'inbounds'
          ? { outbounds: [{ protocol: 'freedom' }] }
          : { inbounds: [{ protocol: 'socks', port: 1 }] };
      const lines = problemLines(JSON.stringify({ ...rest, [role]: [handler] }));
      assert.match(lines[0] ?? '', expected);
      assert.doesNotMatch(lines[0]!, /^\S+ {2}warning/);
    }
  }
});

test('no message tells a seed', () => {
  const lines = problemLines(
    JSON.stringify({
      inbounds: [
        { protocol: 'socks', port: 1, streamSettings: masks(mask('mkcp-legacy', { value: 12_345 })) },
      ],
      outbounds: [{ protocol: 'freedom' }],
    }),
  );
  assert.ok(lines.length > 0);
  assert.ok(lines.every((line) => !line.includes('12345')));
});
