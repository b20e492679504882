/** Listening sockets: keep-alive, and what is said where there is no room. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { dialError } from '../../../../src/transport/socket/dial-error.js';
import { listenError } from '../../../../src/transport/socket/listen-error.js';
import { keepAliveDelayMs } from '../../../../src/transport/socket/sockopt.js';
import { plainTcp, type StreamSettings } from '../../../../src/transport/stack/stream-settings.js';
import { eventually } from '../../../helper/eventually.js';
import { stackPair } from '../../../helper/stack.js';
import { spawnTsray, startTsrayProcess } from '../../../helper/tsray-process.js';
import { httpUpgradeSettings, wsSettings } from '../../../helper/upgrade-settings.js';

const linux = process.platform === 'linux' ? false : 'Linux only';

/** Seconds until the next probe, of each end of the connections at `port`; undefined: no probe is due. */
function keepAliveSeconds(port: number): (number | undefined)[] {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local = '', remote = '', state]) => state === '01' && (local.endsWith(hex) || remote.endsWith(hex)),
    );
  // `tr:when`: 2 is the keep-alive timer, in hundredths of a second.
  return rows.map(([, , , , , timer = '']) => {
    const [kind, when = ''] = timer.split(':');
    return kind === '02' ? Number.parseInt(when, 16) / 100 : undefined;
  });
}

const kinds: readonly (readonly [string, StreamSettings])[] = [
  ['tcp', plainTcp],
  ['ws', wsSettings()],
  ['httpupgrade', httpUpgradeSettings()],
];

for (const [name, settings] of kinds) {
  for (const [keepAliveMs, wanted] of [
    [undefined, 15],
    [30_000, 30],
    [0, undefined],
  ] as const) {
    test(`${name}: keep-alive ${keepAliveMs ?? 'by default'}: the kernel probes both sides after ${wanted ?? 'no'} s`, {
      skip: linux,
    }, async () => {
      const sockopt = { acceptProxyProtocol: false, ...(keepAliveMs === undefined ? {} : { keepAliveMs }) };
      const both = { ...settings, sockopt };
      const { near, far, dialer, listener } = await stackPair(both, both);
      const found = keepAliveSeconds(listener.port);
      assert.equal(found.length, 2);
      for (const seconds of found) {
        if (wanted === undefined) assert.equal(seconds, undefined);
        else assert.ok(seconds !== undefined && seconds <= wanted && seconds > wanted - 5, `${seconds} s`);
      }
      near.destroy();
      far.link.destroy();
      await dialer.close();
      await listener.close();
    });
  }
}

test('sockopt: absent and 0 are 15 s, negative is off, else what is said; the idle time before the interval', () => {
  const delayOf = (sockopt: object): number | undefined => {
    const inbound = { protocol: 'socks', port: 1, streamSettings: { sockopt } };
    const { settings } = parseConfig(
      JSON.stringify({ inbounds: [inbound], outbounds: [{ protocol: 'freedom' }] }),
    );
    return keepAliveDelayMs(settings!.inbounds[0]!.stream.sockopt);
  };
  assert.equal(delayOf({}), 15_000);
  assert.equal(delayOf({ tcpKeepAliveIdle: 0 }), 15_000);
  assert.equal(delayOf({ tcpKeepAliveIdle: 40, tcpKeepAliveInterval: 20 }), 40_000);
  assert.equal(delayOf({ tcpKeepAliveInterval: 20 }), 20_000);
  assert.equal(delayOf({ tcpKeepAliveIdle: -1 }), undefined);
  assert.equal(delayOf({ tcpKeepAliveInterval: -1 }), undefined);
});

test('without IPv6 the hint says so, whether one listens or dials', () => {
  const cause = (syscall: string, address: string) =>
    Object.assign(new Error('EADDRNOTAVAIL'), { code: 'EADDRNOTAVAIL', syscall, address });
  assert.match(listenError('[::1]:80', false, cause('listen', '::1')).hint ?? '', /IPv6 switched off/);
  assert.doesNotMatch(listenError('192.0.2.1:80', false, cause('listen', '192.0.2.1')).hint ?? '', /IPv6/);
  assert.match(
    dialError('[2001:db8::1]:80', '2001:db8::1', cause('connect', '2001:db8::1')).hint ?? '',
    /IPv6 switched off/,
  );
  assert.match(
    dialError('192.0.2.1:80', '192.0.2.1', cause('connect', '192.0.2.1')).hint ?? '',
    /local ports/,
  );
  assert.match(
    dialError('192.0.2.1:80', '192.0.2.1', cause('bind', '198.51.100.1')).hint ?? '',
    /sendThrough/,
  );
});

test('starts where 100 files may be open', { skip: linux }, async () => {
  const child = spawnTsray(['version'], { openFiles: 100 });
  const { code } = await child.exit;
  assert.equal(code, 0, child.output);
});

test('that files run out is logged, once a minute, and clients are served again afterwards', {
  skip: linux,
}, async () => {
  const inbound = { protocol: 'http', listen: '127.0.0.1', port: 0 };
  const tsray = await startTsrayProcess(
    { inbounds: [inbound], outbounds: [{ protocol: 'freedom' }] },
    {},
    [],
    100,
  );
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(tsray.log)?.[1]);
  const sockets = Array.from({ length: 150 }, () =>
    net.connect(port, '127.0.0.1').on('error', () => undefined),
  );
  await tsray.process.line(/100 files may be open/);
  for (const socket of sockets) socket.destroy();
  // Descriptors are free again once the server has heard that their clients left.
  const answer = await eventually('a client is served', () => answered(port));
  assert.match(answer, /^HTTP\/1\.1 4/);
  assert.equal(tsray.log.match(/files may be open/g)?.length, 1);
  await tsray.close();
});

/** What a client is answered; undefined if its connection is closed without an answer. */
function answered(port: number): Promise<string | undefined> {
  const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  return new Promise<string | undefined>((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    socket.once('close', () => resolve(undefined));
  }).finally(() => socket.destroy());
}
