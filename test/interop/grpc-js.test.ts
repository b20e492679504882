/**
 * Stock gRPC peers, @grpc/grpc-js, in front of V2Ray 4.34, which has no gRPC of its own: a stock server hands what a
 * tsray client sends to V2Ray's VMess port, and a stock client hands what V2Ray's VMess client sends to tsray.
 */
import net from 'node:net';
import { describe, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { freedomOutbound, users, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { manyAtOnce, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsray } from '../helper/tsray.js';
import { startV2ray } from '../helper/v2ray.js';

/** `Hunk { bytes data = 1 }`, by hand: the peer under test is the library, not a code generator. */
function encodeHunk(data: Buffer): Buffer {
  const length: number[] = [];
  let rest = data.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([0x0a, ...length]), data]);
}

function decodeHunk(message: Buffer): Buffer {
  let at = 1;
  while ((message[at]! & 0x80) !== 0) at += 1;
  return message.subarray(at + 1);
}

const method = {
  path: '/GunService/Tun',
  requestStream: true,
  responseStream: true,
  requestSerialize: encodeHunk,
  requestDeserialize: decodeHunk,
  responseSerialize: encodeHunk,
  responseDeserialize: decodeHunk,
} as const;

type Tunnel = grpc.ServerDuplexStream<Buffer, Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>;

/** Joins a call and a TCP connection in both directions. */
function join(call: Tunnel, socket: net.Socket): void {
  call.on('data', (data: Buffer) => socket.write(data));
  call.on('end', () => socket.end());
  call.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => call.write(data));
  socket.on('end', () => call.end());
  socket.on('error', () => call.end());
  socket.on('close', () => call.end());
}

/** A stock server whose service is a way to a TCP port. */
async function startStockServer(port: number, targetPort: number): Promise<grpc.Server> {
  const server = new grpc.Server();
  server.addService(
    { Tun: method },
    {
      Tun: (call: grpc.ServerDuplexStream<Buffer, Buffer>) =>
        join(call, net.connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })),
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return server;
}

/** A TCP port whose connections become calls of a stock client. */
async function startStockClient(port: number, targetPort: number): Promise<{ close(): Promise<void> }> {
  const client = new grpc.Client(`127.0.0.1:${targetPort}`, grpc.credentials.createInsecure());
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    join(client.makeBidiStreamRequest(method.path, encodeHunk, decodeHunk, new grpc.Metadata(), {}), socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      client.close();
    },
  };
}

const stream = { network: 'grpc', grpcSettings: { serviceName: 'GunService' } };

describe('stock gRPC peers', { skip: skipWithout('v2ray') }, () => {
  test('a tsray client through a stock server to V2Ray', async () => {
    const [vmessPort, grpcPort] = (await freePorts(2)) as [number, number];
    const echo = await startEchoServers();
    const v2ray = await startV2ray({ inbounds: [vmessInbound(vmessPort)], outbounds: [freedomOutbound] });
    const stock = await startStockServer(grpcPort, vmessPort);
    const tsray = await startTsray({
      inbounds: [{ tag: 'socks', protocol: 'socks', listen: '127.0.0.1', port: 0, settings: { udp: true } }],
      outbounds: [{ ...vmessOutbound(grpcPort, 'aead', 'aes-128-gcm'), streamSettings: stream }],
    });
    try {
      await tcpEcho(tsray.port('socks'), echo);
      await udpEcho(tsray.port('socks'), echo);
      await manyAtOnce(tsray.port('socks'), echo, 20, 50_000);
    } finally {
      await tsray.close();
      stock.forceShutdown();
      await v2ray.close();
      await echo.close();
    }
  });

  test('V2Ray through a stock client to a tsray server', async () => {
    const [socksPort, bridgePort] = (await freePorts(2)) as [number, number];
    const echo = await startEchoServers();
    const tsray = await startTsray({
      inbounds: [
        {
          tag: 'vmess',
          protocol: 'vmess',
          listen: '127.0.0.1',
          port: 0,
          settings: { clients: [users.aead] },
          streamSettings: stream,
        },
      ],
      outbounds: [freedomOutbound],
    });
    const stock = await startStockClient(bridgePort, tsray.port('vmess'));
    const v2ray = await startV2ray({
      inbounds: [
        { protocol: 'socks', listen: '127.0.0.1', port: socksPort, settings: { udp: true, ip: '127.0.0.1' } },
      ],
      outbounds: [vmessOutbound(bridgePort, 'aead', 'aes-128-gcm')],
    });
    try {
      await tcpEcho(socksPort, echo);
      await udpEcho(socksPort, echo);
      await manyAtOnce(socksPort, echo, 20, 50_000);
    } finally {
      await v2ray.close();
      await stock.close();
      await tsray.close();
      await echo.close();
    }
  });
});
