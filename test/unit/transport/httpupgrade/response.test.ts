import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TsrayError } from '../../../../src/core/errors.js';
import { ResponseHandshake } from '../../../../src/transport/httpupgrade/response.js';
import { splits } from '../../../helper/split.js';

const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** What follows the head, or the error; undefined: not complete. */
function feed(pieces: readonly Uint8Array[]): string | TsrayError | undefined {
  const handshake = new ResponseHandshake('server.example:443');
  for (const [index, piece] of pieces.entries()) {
    const step = handshake.push(piece);
    if (step.kind === 'more') continue;
    assert.equal(step.reply, undefined, 'a client has nothing to say to an answer');
    if (step.kind === 'failed') return step.error;
    return Buffer.concat([step.rest, ...pieces.slice(index + 1)]).toString('latin1');
  }
  return undefined;
}

function failure(text: string): TsrayError {
  const found = splits(Buffer.from(text, 'latin1')).map(feed);
  for (const each of found) {
    assert.ok(typeof each === 'object', `${text} was taken`);
    assert.equal(each.message, (found[0] as TsrayError).message, 'the same for every split');
  }
  return found[0] as TsrayError;
}

test('takes a 101 however it is split, and hands on what follows it', () => {
  const answers = [
    answer,
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nconnection: upgrade\r\nServer: nginx\r\n\r\n',
    'HTTP/1.1 101\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ];
  for (const head of answers) {
    for (const pieces of splits(Buffer.from(`${head}\x00\r\n\r\nraw`, 'latin1'))) {
      assert.equal(feed(pieces), '\x00\r\n\r\nraw');
    }
    assert.equal(feed([Buffer.from(head)]), '');
  }
});

test('waits as long as the head has no end', () => {
  for (let length = 0; length < answer.length; length += 1) {
    assert.equal(feed([Buffer.from(answer.slice(0, length))]), undefined);
  }
});

test('another status is the server’s refusal, with what to look at', () => {
  const hints: Readonly<Record<number, RegExp>> = {
    301: /TLS/,
    400: /Upgrade and Connection/,
    404: /path and host/,
    502: /behind it is not/,
  };
  for (const [status, hint] of Object.entries(hints)) {
    const error = failure(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
    assert.equal(error.code, 'ERR_UPSTREAM');
    assert.equal(error.message, `server.example:443 answered the httpupgrade request with status ${status}`);
    assert.match(error.hint ?? '', hint);
  }
  assert.equal(failure('HTTP/1.1 200 OK\r\n\r\n').code, 'ERR_UPSTREAM');
});

test('what is no such answer breaks the protocol', () => {
  const wrong = [
    'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    '\x15\x03\x01\x00\x02\x02\x16\r\n\r\n',
    'HTTP/2 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n',
    'HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    'HTTP/1.1 101 x\r\nConnection Upgrade\r\n\r\n',
    `HTTP/1.1 101 x\r\nA: ${'x'.repeat(8192)}`,
  ];
  for (const text of wrong) {
    const error = failure(text);
    assert.equal(error.code, 'ERR_PROTOCOL', text);
    assert.match(error.hint ?? '', /httpupgrade/);
  }
});
