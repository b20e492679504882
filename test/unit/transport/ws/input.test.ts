import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { sharedReadBuffer } from '../../../../src/transport/socket/onread.js';
import { WsInput } from '../../../../src/transport/ws/input.js';
import { startTcpServer } from '../../../helper/tcp-servers.js';

/** What listens for 'data', as ws does: it keeps what it is given. */
function keep(source: NodeJS.EventEmitter): Buffer[] {
  const chunks: Buffer[] = [];
  source.on('data', (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString();
}

async function connected(): Promise<{ near: Socket; far: Socket; close(): Promise<void> }> {
  let accept: (socket: Socket) => void = () => undefined;
  const accepted = new Promise<Socket>((resolve) => {
    accept = resolve;
  });
  const server = await startTcpServer((socket) => accept(socket));
  const near = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(near, 'connect');
  const far = await accepted;
  return {
    near,
    far,
    async close() {
      near.destroy();
      await server.close();
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

test('a socket is read through the process’s buffer, and what is handed on is a copy', async () => {
  const { near, far, close } = await connected();
  const chunks = keep(near);
  near.pause();
  const input = new WsInput(near);
  far.write('one');
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.equal(text(chunks), '', 'nothing while it is paused');
  near.resume();
  input.release();
  await until(() => text(chunks) === 'one');
  far.write('two');
  await until(() => text(chunks) === 'onetwo');
  for (const chunk of chunks) assert.notEqual(chunk.buffer, sharedReadBuffer().buffer);
  assert.equal(near.readableLength, 0);
  input.drop();
  await close();
});

test('what was read before, and put back, comes first', async () => {
  const { near, far, close } = await connected();
  near.unshift(Buffer.from('head '));
  const chunks = keep(near);
  near.pause();
  const input = new WsInput(near);
  far.write('tail');
  near.resume();
  input.release();
  await until(() => text(chunks) === 'head tail');
  far.end(' last');
  await once(near, 'end');
  assert.equal(text(chunks), 'head tail last');
  input.drop();
  await close();
});

test('a stream that is no socket is left as it is', async () => {
  const stream = new PassThrough();
  const chunks = keep(stream);
  const input = new WsInput(stream);
  stream.end('bytes');
  input.release();
  await once(stream, 'end');
  assert.equal(text(chunks), 'bytes');
  input.drop();
});
