import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readExactly, socksAssociate, socksConnect } from '../../helper/socks-client.js';
import type { Row } from '../row.js';
import { pause } from './pause.js';

/** One question, one answer, over an association of its own, as a DNS client does. */
async function exchange(socksPort: number, echoPort: number): Promise<boolean> {
  try {
    const association = await socksAssociate(socksPort);
    association.send({ host: '127.0.0.1', port: echoPort }, Buffer.from('question'));
    try {
      await association.receive(2_000);
      return true;
    } finally {
      association.close();
    }
  } catch {
    return false;
  }
}

async function shortStream(socksPort: number, echoPort: number): Promise<boolean> {
  try {
    const socket = await socksConnect(socksPort, { host: '127.0.0.1', port: echoPort });
    socket.write('x');
    await readExactly(socket, 1);
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

export const soak: Row = {
  id: '13',
  title: 'one-packet UDP exchanges and short connections',
  what:
    'For ten seconds, every 100 ms, ten UDP exchanges of one packet each way, each over an association of its own, and ' +
    'ten connections of one byte. Descriptors and memory are looked at 65 s later, since a session that was answered ' +
    'may be used again.',
  way: 'socks',
  settleSeconds: 65,
  lateDescriptors: true,
  async attack({ ports, echoPort }) {
    const udp = createSocket('udp4');
    udp.on('message', (bytes, { port, address }) => udp.send(bytes, port, address));
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const answered: Promise<boolean>[] = [];
    for (let round = 0; round < 100; round += 1) {
      for (let index = 0; index < 10; index += 1) {
        answered.push(exchange(ports.socks, udp.address().port), shortStream(ports.socks, echoPort));
      }
      await pause(100);
    }
    const ok = (await Promise.all(answered)).filter(Boolean).length;
    return `${ok} of ${answered.length} answered`;
  },
};
