import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSubscription } from '../../../../src/config/subscription/parse-subscription.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';
const link = (name: string): string => `vmess://${id}@example.com:443?type=ws#${name}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Names, and codes of those that failed, with their lines. */
function read(body: string): string[] {
  return parseSubscription(body).map((entry) =>
    'link' in entry ? `${entry.line} ${entry.link.name}` : `${entry.line} ${entry.error.code}`,
  );
}

test('a plain list, with any line ends', () => {
  assert.deepEqual(read(`${link('a')}\n${link('b')}`), ['1 a', '2 b']);
  assert.deepEqual(read(`\uFEFF${link('a')}\r\n\r\n${link('b')}\r\n`), ['1 a', '3 b']);
  assert.deepEqual(read(`${link('a')}\r${link('b')}`), ['1 a', '2 b']);
});

test('base64: padded or not, either alphabet, in lines', () => {
  const list = `${link('ä')}\n${link('b???>>>')}\n${link('c')}x`;
  const expected = ['1 ä', '2 b???>>>', '3 cx'];
  const encoded = base64(list);
  assert.match(encoded, /[+/=]/);
  assert.deepEqual(read(encoded), expected);
  assert.deepEqual(read(encoded.replace(/=+$/, '')), expected);
  assert.deepEqual(read(encoded.replaceAll('+', '-').replaceAll('/', '_')), expected);
  assert.deepEqual(read(encoded.replace(/.{64}/g, '$&\r\n')), expected);
  assert.deepEqual(read(`\n ${encoded}\n\n`), expected);
});

test('a bad line costs only itself', () => {
  const lines = [
    '',
    link('a'),
    'vmess://%%%',
    `vless://${id}@example.com:1`,
    '# a comment',
    'words',
    link('b'),
  ];
  const expected = ['2 a', '3 ERR_LINK', '4 ERR_LINK', '6 ERR_LINK', '7 b'];
  assert.deepEqual(read(lines.join('\n')), expected);
  assert.deepEqual(read(base64(lines.join('\n'))), expected);
});

test('what is no list at all is named', () => {
  const refused = (body: string, message: RegExp): void => {
    assert.throws(() => parseSubscription(body), { code: 'ERR_SUBSCRIPTION', message });
  };
  refused('', /found nothing/);
  refused(' \n', /found nothing/);
  refused('<!DOCTYPE html><html><a href="https://example.com/">', /found a web page/);
  refused('{"a": 1}', /found JSON of another kind/);
  refused('{"outbounds": [', /found JSON with an error, line 1/);
  refused('hello world', /found neither/);
  refused(base64('hello world'), /found neither/);
});
