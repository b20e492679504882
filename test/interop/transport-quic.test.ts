/** QUIC against V2Ray 4.34: each security and header, with its own TLS and with certificates of ours, and under Mux. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { certificateEntry, makeCertificate, type TestCertificate } from '../helper/certificates.js';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { echoOn } from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { withoutQuic } from '../helper/quic.js';
import { socksConnect } from '../helper/socks-client.js';
import { startEcho, startSource } from '../helper/tcp-servers.js';
import { startTsray } from '../helper/tsray.js';
import { startV2ray } from '../helper/v2ray.js';
import { describeTransports, type TransportRow } from './transport-matrix.js';

const ca = makeCertificate({ names: ['Test CA'], isCa: true });
const leaf = makeCertificate({ names: ['proxy.example'], issuer: ca });

function row(security: string, header: string, key = ''): TransportRow {
  const stream = { network: 'quic', quicSettings: { security, key, header: { type: header } } };
  return {
    name: `quic, security ${security}${key === '' ? '' : ' with a key'}, header ${header}`,
    client: stream,
    server: stream,
  };
}

function under(own: TestCertificate, trusted: TestCertificate) {
  return {
    server: { security: 'tls', tlsSettings: { certificates: [certificateEntry(own)] } },
    client: {
      security: 'tls',
      tlsSettings: {
        serverName: 'proxy.example',
        disableSystemRoot: true,
        certificates: [certificateEntry(trusted, 'verify')],
      },
    },
  };
}

const tls = under(leaf, ca);
const own = makeCertificate({ names: ['proxy.example'] });
const selfSigned = under(own, own);

const plain = row('none', 'none');
const sealed = row('aes-128-gcm', 'dtls', 'a key');

const rows: readonly TransportRow[] = [
  plain,
  { name: 'quic without quicSettings', client: { network: 'quic' }, server: { network: 'quic' } },
  row('none', 'srtp'),
  row('aes-128-gcm', 'utp', 'a key'),
  row('chacha20-poly1305', 'wechat-video', 'another key'),
  row('chacha20-poly1305', 'wireguard'),
  {
    name: `${plain.name}, under TLS`,
    client: { ...plain.client, ...tls.client },
    server: { ...plain.server, ...tls.server },
  },
  {
    name: `${plain.name}, under TLS with a certificate that signs itself`,
    client: { ...plain.client, ...selfSigned.client },
    server: { ...plain.server, ...selfSigned.server },
  },
  {
    name: `${sealed.name}, under TLS`,
    client: { ...sealed.client, ...tls.client },
    server: { ...sealed.server, ...tls.server },
  },
  { ...plain, name: `${plain.name}, with Mux`, outbound: { mux: { enabled: true, concurrency: 8 } } },
];

if (withoutQuic === false) describeTransports(rows);

test('a V2Ray server that is killed in the middle of a transfer, and back: an end soon, then the next one works', {
  skip: withoutQuic || skipWithout('v2ray'),
}, async () => {
  const [serverPort = 0] = await freePorts(1);
  const source = await startSource(512 * 1024 * 1024);
  const echo = await startEcho();
  const serverConfig = {
    inbounds: [{ ...vmessInbound(serverPort), streamSettings: sealed.server }],
    outbounds: [freedomOutbound],
  };
  const first = await startV2ray(serverConfig);
  const client = await startTsray({
    inbounds: [socksInbound(0)],
    outbounds: [{ ...vmessOutbound(serverPort, 'aead', 'aes-128-gcm'), streamSettings: sealed.client }],
  });
  const socket = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: source.port });
  socket.on('error', () => undefined);
  await once(socket, 'data');
  // An end or a reset: `once` of node:events would reject with the latter.
  const over = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  socket.resume();
  const startMs = performance.now();
  first.process.kill('SIGKILL');
  await first.process.exit;
  await over;
  assert.ok(performance.now() - startMs < 15_000);
  socket.destroy();
  const second = await startV2ray(serverConfig);
  const again = await socksConnect(client.port('socks'), { host: '127.0.0.1', port: echo.port });
  await echoOn(again, payload(100_000));
  again.destroy();
  await client.close();
  await second.close();
  await first.close();
  await source.close();
  await echo.close();
});
