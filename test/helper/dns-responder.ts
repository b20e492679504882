/** A DNS server on this machine that gives every name one IPv4 address. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface DnsResponder {
  readonly port: number;
  /** Queries so far. */
  readonly queries: number;
  close(): Promise<void>;
}

export async function startDnsResponder(
  address: readonly [number, number, number, number],
): Promise<DnsResponder> {
  const socket = createSocket('udp4');
  let queries = 0;
  socket.on('message', (query, remote) => {
    queries += 1;
    const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
    socket.send(Buffer.concat([header, query.subarray(12), record]), remote.port, remote.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    get queries() {
      return queries;
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
