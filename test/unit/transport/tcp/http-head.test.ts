import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsrayError } from '../../../../src/core/errors.js';
import type { Link } from '../../../../src/core/stream/link.js';
import {
  encodeRefusal,
  encodeRequestHead,
  encodeResponseHead,
  PeerHeadDecoder,
} from '../../../../src/transport/tcp/http-head.js';
import { defaultHttpHead } from '../../../../src/transport/tcp/http-head-defaults.js';
import { HttpHeadLink } from '../../../../src/transport/tcp/http-head-link.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { ScriptedLink } from '../../../helper/scripted-link.js';
import { splits } from '../../../helper/split.js';

/** Always the first or the last of a list. */
const first = { below: () => 0 };
const last = { below: (bound: number) => bound - 1 };
const random = (choice: { below(bound: number): number }) => ({
  fill: <T extends Uint8Array>(into: T): T => into,
  ...choice,
});
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const nowMs = Date.UTC(2021, 1, 3, 4, 5, 6);

test('the default request is the one V2Ray 4.34 sends', () => {
  assert.equal(
    text(encodeRequestHead(defaultHttpHead.request, random(first))),
    [
      'GET / HTTP/1.1',
      'Host: www.baidu.com',
      'User-Agent: Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/53.0.2785.143 Safari/537.36',
      'Accept-Encoding: gzip, deflate',
      'Connection: keep-alive',
      'Pragma: no-cache',
      '',
      '',
    ].join('\r\n'),
  );
  assert.match(
    text(encodeRequestHead(defaultHttpHead.request, random(last))),
    /Host: www.bing.com\r\n.*iPhone/s,
  );
});

test('the default response is the one V2Ray 4.34 sends', () => {
  assert.equal(
    text(encodeResponseHead(defaultHttpHead.response, random(first), nowMs)),
    [
      'HTTP/1.1 200 OK',
      'Content-Type: application/octet-stream',
      'Transfer-Encoding: chunked',
      'Connection: keep-alive',
      'Pragma: no-cache',
      'Cache-Control: private',
      'Date: Wed, 03 Feb 2021 04:05:06 GMT',
      '',
      '',
    ].join('\r\n'),
  );
  const own = { version: '1.0', status: '503', reason: 'Busy', headers: [['date', ['never']]] } as const;
  assert.equal(
    text(encodeResponseHead(own, random(first), nowMs)),
    'HTTP/1.0 503 Busy\r\ndate: never\r\n\r\n',
  );
});

const expectedRefusal = (status: string): string =>
  `HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: private\r\nContent-Length: 0\r\nDate: Wed, 03 Feb 2021 04:05:06 GMT\r\n\r\n`;

test('refusals are those of V2Ray 4.34', () => {
  assert.equal(text(encodeRefusal(400, nowMs)), expectedRefusal('400 Bad Request'));
  assert.equal(text(encodeRefusal(404, nowMs)), expectedRefusal('404 Not Found'));
});

/** Feeds `input` in parts; the outcome and what followed the head. */
function decode(parts: readonly Uint8Array[], paths?: readonly string[]): string {
  const decoder = new PeerHeadDecoder(paths);
  for (const [index, part] of parts.entries()) {
    const step = decoder.push(part);
    if (step.kind === 'failed') {
      assert.ok(step.error instanceof TsrayError);
      return `${step.status}`;
    }
    if (step.kind === 'done') return text(Buffer.concat([step.rest, ...parts.slice(index + 1)]));
  }
  return 'more';
}

const paths = ['/', '/one', '/a b'];
const requests: readonly (readonly [request: string, outcome: string])[] = [
  ['GET / HTTP/1.1\r\nHost: a\r\n\r\nrest', 'rest'],
  ['POST /one HTTP/1.0\r\n\r\n', ''],
  ['GET /one?x=/two HTTP/1.1\r\nA: b\r\n folded\r\n\r\n\r\n\r\n', '\r\n\r\n'],
  ['GET /%6fne HTTP/1.1\r\n\r\nx', 'x'],
  ['GET /a%20b HTTP/1.1\r\n\r\nx', 'x'],
  ['GET http://a.example/one?x HTTP/1.1\r\n\r\nx', 'x'],
  ['GET /two HTTP/1.1\r\nHost: a\r\n\r\nrest', '404'],
  ['GET /one/ HTTP/1.1\r\n\r\n', '404'],
  ['GET one HTTP/1.1\r\n\r\n', '400'],
  ['GET /%zz HTTP/1.1\r\n\r\n', '400'],
  ['GET /one HTTP/1.1\r\nno header\r\n\r\n', '400'],
  ['hello\r\n\r\n', '400'],
  ['\x16\x03\x01\x02\x00\x01', '400'],
  ['\0', '400'],
  ['GET /on', 'more'],
  ['GET /one HTTP/1.1\r\nHost', 'more'],
  [`GET /one HTTP/1.1\r\nA: ${'x'.repeat(8192)}`, '400'],
  [`GET /one HTTP/1.1\r\nA: ${'x'.repeat(8166)}\r\n\r\n`, ''],
  [`GET /one HTTP/1.1\r\nA: ${'x'.repeat(8167)}\r\n\r\n`, '400'],
];

for (const [request, outcome] of requests) {
  test(`server: ${JSON.stringify(request.slice(0, 50))} → ${JSON.stringify(outcome)}, at every split`, () => {
    const bytes = Uint8Array.from(Buffer.from(request, 'latin1'));
    for (const parts of splits(bytes)) assert.equal(decode(parts, paths), outcome);
  });
}

test('client: takes any head, and 8 KiB without an end of it for an error', () => {
  const head = Buffer.from('\x01 anything at all\r\nreally\r\n\r\nbytes', 'latin1');
  for (const parts of splits(Uint8Array.from(head))) assert.equal(decode(parts), 'bytes');
  assert.equal(decode([new Uint8Array(8191)]), 'more');
  assert.equal(decode([new Uint8Array(8192)]), '400');
});

const serverEnds = () => ({
  decoder: new PeerHeadDecoder(['/']),
  ownHead: () => Buffer.from('OWN\r\n\r\n'),
  refusal: (status: number) => Buffer.from(`REFUSED ${status}`),
});

test('link: one write for head and first data, then everything passes', async () => {
  const inner = new ScriptedLink();
  const link = new HttpHeadLink(inner, serverEnds());
  const sink = CollectSink.on(link);
  inner.deliver('GET / HTTP/1.1\r\n');
  inner.deliver('\r\nfirst');
  inner.deliver(' second');
  assert.equal(sink.text, 'first second');
  link.write(Buffer.from('a'));
  link.write(Buffer.from('b'));
  assert.deepEqual(
    inner.written.map((each) => text(each)),
    ['OWN\r\n\r\na', 'b'],
  );
  inner.deliverEnd();
  assert.equal(sink.ended, 1);
  link.close();
  await sink.until((s) => s.closes === 1);
  assert.equal(sink.error, undefined);
});

test('link: a wrong request is answered, and its owner is told why the link closed', async () => {
  const inner = new ScriptedLink();
  const sink = CollectSink.on(new HttpHeadLink(inner, serverEnds()));
  inner.deliver('GET /wrong HTTP/1.1\r\n\r\nsecret');
  await sink.until((s) => s.closes === 1);
  assert.equal(inner.outputText, 'REFUSED 404');
  assert.equal(sink.error?.code, 'ERR_PROTOCOL');
  assert.equal(sink.text, '');
});

for (const how of ['close', 'destroy'] as const) {
  test(`link: a server that gives up (${how}) before it has sent anything says 400`, async () => {
    const inner = new ScriptedLink();
    const link = new HttpHeadLink(inner, serverEnds());
    const sink = CollectSink.on(link);
    inner.deliver('GET / HTTP/1.1\r\n\r\nnot VMess');
    link[how](new TsrayError('ERR_AUTH', 'no'));
    await sink.until((s) => s.closes === 1);
    assert.equal(inner.outputText, 'REFUSED 400');
    assert.equal(inner.closed, true);
  });
}

test('link: a client adds nothing when it closes, and destroys on a head that never ends', async () => {
  const ends = () => ({ decoder: new PeerHeadDecoder(), ownHead: () => Buffer.from('OWN') });
  const closing = new ScriptedLink();
  const link = new HttpHeadLink(closing, ends());
  link.start(new CollectSink());
  link.close();
  assert.equal(closing.outputText, '');
  const flooded = new ScriptedLink();
  const sink = CollectSink.on(new HttpHeadLink(flooded, ends()));
  flooded.deliver('x'.repeat(9000));
  await sink.until((s) => s.closes === 1);
  assert.equal(flooded.destroyed, true);
  assert.equal(sink.error?.code, 'ERR_PROTOCOL');
});

test('link: the policy’s bufferSize reaches the connection below', () => {
  const inner = new ScriptedLink();
  const link: Link = new HttpHeadLink(inner, serverEnds());
  link.limitQueue(4096);
  assert.equal(inner.queueLimit, 4096);
});
