/** A TCP relay that cuts the connection after a chosen number of bytes: the network fault of the leak tests. */
import { connect, type Socket } from 'node:net';
import { startTcpServer, type TestServer } from './tcp-servers.js';

export interface CutAt {
  /** Passes on this many bytes from the client, then cuts. */
  readonly up?: number;
  /** Passes on this many bytes from the server, then cuts. */
  readonly down?: number;
}

export const endings = {
  'half-closes': (socket: Socket) => socket.end(),
  resets: (socket: Socket) => socket.resetAndDestroy(),
} as const;
export type Ending = keyof typeof endings;
export const endingNames = Object.keys(endings) as readonly Ending[];

/** Relays to `port` and ends both of its connections by `ending` when a limit of `cut` is reached. */
export function startCutter(port: number, cut: CutAt, ending: Ending): Promise<TestServer> {
  return startTcpServer((client) => {
    const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    server.on('error', () => undefined);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    const pass = (from: Socket, to: Socket, limit: number | undefined): void => {
      let left = limit ?? Number.POSITIVE_INFINITY;
      from.on('data', (bytes: Buffer) => {
        const part = bytes.subarray(0, left);
        if (part.length > 0) to.write(part);
        left -= part.length;
        if (left > 0) return;
        from.removeAllListeners('data');
        from.resume();
        endings[ending](client);
        endings[ending](server);
      });
      from.on('end', () => to.end());
    };
    if (cut.up === 0 || cut.down === 0) {
      endings[ending](client);
      endings[ending](server);
    } else {
      pass(client, server, cut.up);
      pass(server, client, cut.down);
    }
  });
}
