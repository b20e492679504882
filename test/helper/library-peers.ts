/** VMess servers for the library's clients: tsray's own, and V2Ray's. */
import { createServer } from '../../src/index.js';
import { freedomOutbound, users, vmessInbound } from './configs.js';
import { skipWithout } from './peer.js';
import { freePorts } from './ports.js';
import { startV2ray } from './v2ray.js';

export interface LibraryPeer {
  readonly port: number;
  close(): Promise<void>;
}

export interface PeerKind {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly skip: string | false;
  /** Whether one side may end while the other goes on. */
  readonly passesHalfClose: boolean;
  start(): Promise<LibraryPeer>;
}

export const libraryUser = users.aead;

export const peerKinds: readonly PeerKind[] = [
  {
    name: 'tsray',
    skip: false,
    passesHalfClose: true,
    async start() {
      const server = createServer({
        users: [libraryUser],
        listen: { host: '127.0.0.1', port: 0 },
      });
      await server.start();
      return { port: server.port, close: () => server.close() };
    },
  },
  {
    name: 'V2Ray 4.34',
    skip: skipWithout('v2ray'),
    passesHalfClose: false,
    async start() {
      const [port = 0] = await freePorts(1);
      const v2ray = await startV2ray({ inbounds: [vmessInbound(port)], outbounds: [freedomOutbound] });
      return { port, close: () => v2ray.close() };
    },
  },
];
