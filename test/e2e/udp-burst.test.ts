/** A burst of datagrams on a new session: what comes while its way is being opened arrives, whatever carries it. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { eventually } from '../helper/eventually.js';
import { socksAssociate } from '../helper/socks-client.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

/** Counts what comes. */
class Sink {
  readonly socket: Socket;
  received = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', () => {
      this.received += 1;
    });
  }

  static async start(): Promise<Sink> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Sink(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }
}

const ways: readonly { readonly name: string; readonly packetEncoding?: string; readonly mux?: object }[] = [
  { name: 'plain' },
  { name: 'plain in mux', mux: { enabled: true } },
  { name: 'xudp', packetEncoding: 'xudp' },
  { name: 'xudp in mux', packetEncoding: 'xudp', mux: { enabled: true } },
  { name: 'packetaddr', packetEncoding: 'packetaddr' },
  { name: 'packetaddr-stream', packetEncoding: 'packetaddr-stream' },
];

const bursts: readonly (readonly [count: number, bytes: number])[] = [
  [50, 60],
  [100, 60],
  [250, 60],
  [100, 1400],
];

describe('a burst on a new UDP session arrives whole', () => {
  let sink: Sink;
  let server: Tsray;

  before(async () => {
    sink = await Sink.start();
    server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
  });
  after(async () => {
    await server.close();
    sink.socket.close();
  });

  async function arrives(count: number): Promise<void> {
    await eventually(`${count} datagrams`, () => sink.received >= count).catch(() => undefined);
    assert.equal(sink.received, count);
  }

  for (const { name, packetEncoding, mux } of ways) {
    test(name, async () => {
      const plain = vmessOutbound(server.port('vmess'), 'aead', 'aes-128-gcm') as {
        readonly settings: object;
      };
      const settings = { ...plain.settings, ...(packetEncoding === undefined ? {} : { packetEncoding }) };
      const door = {
        tag: 'door',
        protocol: 'dokodemo-door',
        listen: '127.0.0.1',
        port: 0,
        settings: { address: '127.0.0.1', port: sink.port, network: 'udp' },
      };
      const client = await startTsray({
        inbounds: [door, socksInbound(0)],
        outbounds: [{ ...plain, settings, ...(mux === undefined ? {} : { mux }) }],
      });
      try {
        for (const [count, bytes] of bursts) {
          sink.received = 0;
          const source = createSocket('udp4');
          for (let n = 0; n < count; n += 1) {
            source.send(Buffer.alloc(bytes, 'q'), client.port('door'), '127.0.0.1');
          }
          await arrives(count);
          source.close();
        }
        sink.received = 0;
        const association = await socksAssociate(client.port('socks'));
        for (let n = 0; n < 100; n += 1) {
          association.send({ host: '127.0.0.1', port: sink.port }, Buffer.alloc(60, 'q'));
        }
        await arrives(100);
        association.close();
      } finally {
        await client.close();
      }
    });
  }
});
