/** Stands between a UDP client and its server, and does to datagrams what a test says. */
import dgram from 'node:dgram';
import { once } from 'node:events';

export interface UdpBetween {
  readonly port: number;
  /** Datagrams that came from clients, and from the server. */
  readonly counts: { up: number; down: number };
  close(): Promise<void>;
}

/** What goes on in place of a datagram; `index` counts those of its direction, `client` the sockets of clients. */
export type Meddle = (
  datagram: Buffer,
  direction: 'up' | 'down',
  index: number,
  client: number,
) => readonly Buffer[];

export async function startUdpBetween(serverPort: number, meddle: Meddle): Promise<UdpBetween> {
  const front = dgram.createSocket('udp4');
  const counts = { up: 0, down: 0 };
  const backs = new Map<number, dgram.Socket>();
  front.on('message', (datagram, { port }) => {
    let back = backs.get(port);
    if (back === undefined) {
      const client = backs.size;
      back = dgram.createSocket('udp4');
      back.on('error', () => undefined);
      back.on('message', (answer) => {
        counts.down += 1;
        for (const each of meddle(answer, 'down', counts.down - 1, client))
          front.send(each, port, '127.0.0.1');
      });
      backs.set(port, back);
    }
    counts.up += 1;
    const client = [...backs.keys()].indexOf(port);
    for (const each of meddle(datagram, 'up', counts.up - 1, client))
      back.send(each, serverPort, '127.0.0.1');
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    port: front.address().port,
    counts,
    close: async () => {
      for (const back of backs.values()) back.close();
      front.close();
      await once(front, 'close');
    },
  };
}
