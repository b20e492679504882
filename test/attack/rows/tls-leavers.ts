import type { Row } from '../row.js';
import { openRaw } from './connections.js';
import { pause } from './pause.js';

/** Record and handshake heads of a ClientHello that never goes on. */
const beginning = Buffer.from('160301020001', 'hex');

export const tlsLeavers: Row = {
  id: '5',
  title: 'TLS clients that leave in the handshake',
  what: '1,000 connections to TLS send six bytes of a ClientHello and FIN. Look at descriptors and memory.',
  way: 'socks',
  async attack({ ports }) {
    for (let index = 0; index < 1_000; index += 1) {
      const socket = await openRaw(ports.tls);
      socket.write(beginning);
      socket.end();
      setTimeout(() => socket.destroy(), 500);
      if (index % 50 === 49) await pause(100);
    }
    return '1,000 connections';
  },
};
