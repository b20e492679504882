import { randomBytes } from 'node:crypto';
import {
  createVmessAccount,
  createVmessRequest,
  defaultCrypto,
  parseAddress,
  systemRandom,
} from '../../../src/codec.js';
import { parseUuid } from '../../../src/proxy/vmess/uuid.js';
import { legacyUserId } from '../cores.js';
import type { Row } from '../row.js';
import { closedWithin, openRaw } from './connections.js';
import { pause } from './pause.js';

export const legacyProbe: Row = {
  id: '10',
  title: 'a probe where users have many alterIds',
  what: '500 users with alterId 64; five times 54 random bytes, a second apart. Look at the slowest connection.',
  way: 'socks',
  server: { legacy: { users: 500, alterId: 64 } },
  async attack({ ports }) {
    for (let index = 0; index < 5; index += 1) {
      const socket = await openRaw(ports.legacy);
      socket.write(randomBytes(54));
      await pause(1_000);
      socket.destroy();
    }
    return '5 probes';
  },
};

export const legacyReplay: Row = {
  id: '11',
  title: 'a legacy header again',
  what:
    'One request with a legacy header, whose clock is 115 s ahead, and the same bytes 20 times more within two seconds. ' +
    'Seen: how many of the 20 were answered. What happens after 190 s is a unit test with a clock of its own.',
  way: 'socks',
  async attack({ ports, echoPort }) {
    const crypto = defaultCrypto();
    const account = createVmessAccount(crypto, parseUuid(legacyUserId(0))!, 4);
    const fields = {
      command: 'tcp',
      destination: { address: parseAddress('127.0.0.1'), port: echoPort },
      security: 'none',
      options: 0,
    } as const;
    const nowSeconds = (): number => Date.now() / 1000 + 115;
    const { envelope } = createVmessRequest(fields, account, 'legacy', {
      crypto,
      random: systemRandom,
      nowSeconds,
    });
    let answered = 0;
    for (let index = 0; index <= 20; index += 1) {
      const socket = await openRaw(ports.legacy);
      socket.once('data', () => {
        if (index > 0) answered += 1;
      });
      socket.write(Buffer.concat([envelope, Buffer.from('ping')]));
      await closedWithin(socket, 100);
      socket.destroy();
    }
    return `${answered} of 20 answered`;
  },
};
