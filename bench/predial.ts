/**
 * First byte of a new connection behind a link with 100 ms each way, without and with `predial`, beside V2Ray; over
 * plain TCP and over WebSocket with TLS. A relay delays every byte, and what follows an accept by one more round trip,
 * which is what the TCP handshake would take. Run it after a build: node .build/bench/predial.js
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../test/helper/ports.js';
import { userId } from './compare/configs.js';
import { type Core, startCore } from './compare/cores.js';
import { startNginx } from './compare/load.js';

const delayMs = 100;
const samples = 9;

/** Forwards to `target`, every byte `delayMs` later, the first ones after a round trip for the handshake. */
async function startDelay(port: number, target: number): Promise<net.Server> {
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const openMs = performance.now() + 2 * delayMs;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const at = (): number => Math.max(performance.now(), openMs) + delayMs - performance.now();
      from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), at()));
      from.on('end', () => setTimeout(() => to.end(), at()));
      from.on('error', () => to.destroy());
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function firstByteMs(port: number): Promise<number> {
  const start = performance.now();
  const socket = net.connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  const elapsed = performance.now() - start;
  socket.destroy();
  await once(socket, 'close');
  return elapsed;
}

const folder = mkdtempSync(join(tmpdir(), 'tsray-predial-'));
const certificateFile = join(folder, 'cert.pem');
const keyFile = join(folder, 'key.pem');
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ].concat(['-subj', '/CN=localhost', '-keyout', keyFile, '-out', certificateFile]),
  { stdio: 'ignore' },
);
const streams = {
  'plain TCP': [{}, {}],
  'WebSocket over TLS': [
    { network: 'ws', security: 'tls', tlsSettings: { certificates: [{ certificateFile, keyFile }] } },
    { network: 'ws', security: 'tls', tlsSettings: { allowInsecure: true, serverName: 'localhost' } },
  ],
} as const;

console.log('| carrier | V2Ray | tsray | tsray, predial 4 |\n| --- | --- | --- | --- |');
for (const [name, [serverStream, clientStream]] of Object.entries(streams)) {
  const [doorPort, serverPort, delayPort, targetPort] = (await freePorts(4)) as [
    number,
    number,
    number,
    number,
  ];
  const target = await startNginx(targetPort);
  const server = await startCore('v2ray', {
    inbounds: [
      {
        protocol: 'vmess',
        listen: '127.0.0.1',
        port: serverPort,
        settings: { clients: [{ id: userId, alterId: 0 }] },
        streamSettings: serverStream,
      },
    ],
    outbounds: [{ protocol: 'freedom' }],
  });
  const delay = await startDelay(delayPort, serverPort);
  const measure = async (core: Core, more: object): Promise<number> => {
    const client = await startCore(core, {
      inbounds: [
        {
          protocol: 'dokodemo-door',
          listen: '127.0.0.1',
          port: doorPort,
          settings: { address: '127.0.0.1', port: targetPort, network: 'tcp' },
        },
      ],
      outbounds: [
        {
          protocol: 'vmess',
          settings: {
            vnext: [{ address: '127.0.0.1', port: delayPort, users: [{ id: userId, alterId: 0 }] }],
          },
          streamSettings: clientStream,
          ...more,
        },
      ],
    });
    const values: number[] = [];
    // The first one finds nothing ready; those that follow are a person's next clicks.
    await firstByteMs(doorPort);
    for (let i = 0; i < samples; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      values.push(await firstByteMs(doorPort));
    }
    await client.close();
    return values.sort((a, b) => a - b)[Math.floor(samples / 2)]!;
  };
  const results = [
    await measure('v2ray', {}),
    await measure('tsray', {}),
    await measure('tsray', { predial: 4 }),
  ];
  console.log(`| ${name} | ${results.map((ms) => `${ms.toFixed(0)} ms`).join(' | ')} |`);
  await server.close();
  await target.close();
  delay.close();
}
rmSync(folder, { recursive: true, force: true });
