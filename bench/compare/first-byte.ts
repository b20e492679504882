/**
 * First byte of a new connection behind a link with 100 ms each way, without and with `predial`, beside V2Ray, which has
 * no such thing. A relay delays every byte, and what follows an accept by one more round trip, which is what the TCP
 * handshake would take.
 */
import { once } from 'node:events';
import net from 'node:net';
import { freePorts } from '../../test/helper/ports.js';
import { clientConfig, serverConfig } from './configs.js';
import { type Core, startCore } from './cores.js';
import { startNginx } from './load.js';
import { type StreamName, streams } from './streams.js';

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

export interface FirstByteOptions {
  readonly core: Core;
  /** Plain TCP without. */
  readonly carrier?: StreamName;
  /** tsray's own key; V2Ray is measured without. */
  readonly predial: number;
}

/** Milliseconds to the first byte of a new connection, median of a person's clicks, one each 1.2 s. */
export async function firstByte({ core, carrier, predial }: FirstByteOptions): Promise<number> {
  const [doorPort, serverPort, delayPort, targetPort] = (await freePorts(4)) as [
    number,
    number,
    number,
    number,
  ];
  const stream = carrier === undefined ? { server: {}, client: {} } : streams[carrier]();
  const target = await startNginx(targetPort);
  const server = await startCore('v2ray', serverConfig(serverPort, 1, stream.server));
  const delay = await startDelay(delayPort, serverPort);
  const client = await startCore(
    core,
    clientConfig({
      doorPort,
      serverPort: delayPort,
      targetPort,
      stream: stream.client,
      ...(core === 'tsray' ? { predial } : {}),
    }),
  );
  const values: number[] = [];
  try {
    // The first one finds nothing ready.
    await firstByteMs(doorPort);
    for (let sample = 0; sample < samples; sample += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      values.push(await firstByteMs(doorPort));
    }
  } finally {
    await Promise.all([client.close(), server.close(), target.close()]);
    delay.close();
  }
  return values.sort((a, b) => a - b)[Math.floor(samples / 2)]!;
}
