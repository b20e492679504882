import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { loadEngine } from '../../../src/transport/quic/engine.js';
import { setLimits } from '../../../src/transport/quic/limits.js';
import { PlainSealer } from '../../helper/kcp-sealer.js';
import type { Row } from '../row.js';
import { pause } from './pause.js';

interface Flood {
  sent: number;
  sentBytes: number;
  backBytes: number;
}

/** Sends what `next` makes from one socket; `pace`: after so many a pause of `pauseMs`. */
async function flood(
  port: number,
  count: number,
  next: (localPort: number) => Uint8Array,
  pace: number,
  pauseMs: number,
): Promise<Flood> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const totals: Flood = { sent: 0, sentBytes: 0, backBytes: 0 };
  socket.on('message', (bytes) => {
    totals.backBytes += bytes.length;
  });
  const localPort = socket.address().port;
  for (let index = 0; index < count; index += 1) {
    const datagram = next(localPort);
    socket.send(datagram, port, '127.0.0.1');
    totals.sent += 1;
    totals.sentBytes += datagram.length;
    if (index % pace === pace - 1) await pause(pauseMs);
  }
  await pause(3_000);
  socket.close();
  return totals;
}

function told({ sent, sentBytes, backBytes }: Flood): string {
  return `${sent} datagrams, ${(backBytes / sentBytes).toFixed(1)} times back`;
}

export const kcpFlood: Row = {
  id: '7a',
  title: 'flood of first mKCP datagrams',
  what: '16,384 first segments of one byte, each of another conversation, over two seconds. The canary is a new mKCP user. Seen: bytes that came back for each byte sent.',
  way: 'kcp',
  async attack({ ports }) {
    let conversation = 0;
    const next = (): Uint8Array =>
      new PlainSealer(conversation++ & 0xffff).data({ number: 0, sendingNext: 0 });
    return told(await flood(ports.kcp, 16_384, next, 164, 20));
  },
};

export const kcpAmplification: Row = {
  id: '7b',
  title: 'one mKCP datagram',
  what: 'One segment of one byte; counted for eight seconds. Seen: bytes that came back for each byte sent.',
  way: 'kcp',
  async attack({ ports }) {
    const next = (): Uint8Array => new PlainSealer(7).data({ number: 0, sendingNext: 0 });
    return told(await flood(ports.kcp, 1, next, 1, 5_000));
  },
};

export const quicFlood: Row = {
  id: '7c',
  title: 'flood of QUIC Initials',
  what: '600 genuine Initials over two seconds, whose sender answers nothing. The canary is a new QUIC user. Seen: bytes that came back for each byte sent.',
  way: 'quic',
  async attack({ ports }) {
    const engine = await loadEngine();
    const config = engine.Config.withBoringSslCtx(false, true, null, null, null, null);
    setLimits(config, 'client', ['h2', 'http/1.1']);
    const remote = { host: '127.0.0.1', port: ports.quic };
    const next = (localPort: number): Uint8Array => {
      const local = { host: '127.0.0.1', port: localPort };
      const connection = engine.Connection.connect('localhost', randomBytes(12), local, remote, config);
      const out = new Uint8Array(1_500);
      return out.subarray(0, connection.send(out)![0]);
    };
    return told(await flood(ports.quic, 600, next, 20, 60));
  },
};
