import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HandshakeStep } from '../../../../src/core/stream/handshake.js';
import {
  type AcceptedRequest,
  RequestHandshake,
  type RequestSettings,
} from '../../../../src/transport/httpupgrade/request.js';
import { splits } from '../../../helper/split.js';

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const notFound =
  'HTTP/1.1 404 Not Found\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** As Xray's and sing-box's clients write it. */
const request =
  'GET /way HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Go-http-client/1.1\r\n' +
  'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

interface Outcome {
  readonly step: HandshakeStep<AcceptedRequest>;
  /** What follows the head, of the piece that completed it and of those after it. */
  readonly rest: string;
}

function feed(pieces: readonly Uint8Array[], more: Partial<RequestSettings> = {}): Outcome {
  const handshake = new RequestHandshake({ path: '/way', earlyDataHeaderName: '', ...more }, () => nowMs);
  for (const [index, piece] of pieces.entries()) {
    const step = handshake.push(piece);
    if (step.kind === 'more') {
      assert.equal(step.reply, undefined);
      continue;
    }
    const later = pieces.slice(index + 1);
    const rest = step.kind === 'done' ? Buffer.concat([step.rest, ...later]) : Buffer.alloc(0);
    return { step, rest: rest.toString('latin1') };
  }
  return { step: { kind: 'more' }, rest: '' };
}

function latin(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function reply({ step }: Outcome): string {
  return step.reply === undefined ? '' : Buffer.from(step.reply).toString('latin1');
}

function early({ step }: Outcome): string {
  assert.equal(step.kind, 'done');
  return step.kind === 'done' ? Buffer.from(step.value.early).toString() : '';
}

test('answers a request however it is split, and hands on what follows it', () => {
  for (const behind of ['', '\x01\r\n\r\nraw bytes']) {
    for (const pieces of splits(latin(request + behind))) {
      const outcome = feed(pieces);
      assert.equal(outcome.step.kind, 'done');
      assert.equal(reply(outcome), switching);
      assert.equal(outcome.rest, behind);
      assert.equal(early(outcome), '');
    }
  }
});

test('takes the request of each known client', () => {
  const lines = {
    'v2ray, whose Host may be empty': 'Host: \r\nConnection: upgrade\r\nUpgrade: websocket\r\n',
    'sing-box':
      'Host: example.com\r\nUser-Agent: Go-http-client/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
    'nginx in front':
      'Upgrade: websocket\r\nConnection: upgrade\r\nHost: example.com\r\nX-Real-IP: 192.0.2.1\r\n',
    'a browser':
      'Host: example.com\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: eA==\r\n',
  };
  for (const [who, fields] of Object.entries(lines)) {
    const outcome = feed([latin(`GET /way HTTP/1.1\r\n${fields}\r\n`)]);
    assert.equal(outcome.step.kind, 'done', who);
  }
});

test('the path counts without query; the host where one is required', () => {
  assert.equal(feed([latin(request.replace('/way', '/way?ed=2048'))]).step.kind, 'done');
  assert.equal(feed([latin(request.replace('/way', '/w%61y'))]).step.kind, 'done');
  assert.equal(feed([latin(request)], { requiredHost: 'Example.com' }).step.kind, 'done');
  const withPort = latin(request.replace('example.com', 'example.com:8080'));
  assert.equal(feed([withPort], { requiredHost: 'example.com' }).step.kind, 'done');
});

const wrong: Readonly<Record<string, readonly [text: string, settings?: Partial<RequestSettings>]>> = {
  'another path': [request.replace('/way', '/wayward')],
  'another host': [request, { requiredHost: 'other.example' }],
  'another method': [request.replace('GET', 'POST')],
  'no Upgrade field': [request.replace('Upgrade: websocket\r\n', '')],
  'another protocol': [request.replace('websocket', 'h2c')],
  'no Connection field': [request.replace('Connection: Upgrade\r\n', '')],
  'a line that is no field': [request.replace('Host: example.com', 'Host example.com')],
  'HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  TLS: ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  'a head without end': [`GET /way HTTP/1.1\r\nA: ${'x'.repeat(8192)}`],
};

test('every wrong request gets the same bytes, and no reason', () => {
  for (const [what, [text, settings]] of Object.entries(wrong)) {
    for (const pieces of splits(latin(text))) {
      const outcome = feed(pieces, settings);
      assert.equal(outcome.step.kind, 'failed', what);
      assert.equal(reply(outcome), notFound, what);
      assert.ok(outcome.step.kind === 'failed' && outcome.step.error.code === 'ERR_PROTOCOL');
    }
  }
});

test('nothing is answered before the head is complete', () => {
  for (let length = 0; length < request.length; length += 1) {
    assert.equal(feed([latin(request.slice(0, length))]).step.kind, 'more');
  }
});

test('early data: from the configured header, padded or not, in both alphabets', () => {
  const bytes = Buffer.from('>>>???!');
  const settings = { earlyDataHeaderName: 'X-Early' };
  for (const value of [
    bytes.toString('base64'),
    bytes.toString('base64url'),
    `${bytes.toString('base64url')}==`,
  ]) {
    const text = request.replace('\r\n\r\n', `\r\nx-early: ${value}\r\n\r\n`);
    for (const pieces of splits(latin(`${text}more`))) {
      const outcome = feed(pieces, settings);
      assert.equal(early(outcome), bytes.toString());
      assert.equal(outcome.rest, 'more');
    }
    assert.equal(early(feed([latin(text)])), '', 'without the setting it is a header like any other');
  }
  const noBase64 = request.replace('\r\n\r\n', '\r\nx-early: a.b\r\n\r\n');
  assert.equal(early(feed([latin(noBase64)], settings)), '');
});
