import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeHead,
  HeadReader,
  listHas,
  maxHeadBytes,
  parseRequestHead,
  parseResponseHead,
} from '../../../../src/transport/common/http-head.js';
import { splits } from '../../../helper/split.js';

const request = 'GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Two:  one \r\nx-two: more\r\nEmpty:\r\n\r\n';

test('reads a head however it is split, and gives what follows it', () => {
  for (const parts of splits(Buffer.from(`${request}rest\r\n\r\n`, 'latin1'))) {
    const reader = new HeadReader();
    let lines: readonly string[] | undefined;
    let rest = '';
    for (const part of parts) {
      if (lines !== undefined) {
        rest += Buffer.from(part).toString('latin1');
        continue;
      }
      const step = reader.push(part);
      assert.notEqual(step.kind, 'tooLong');
      if (step.kind !== 'head') continue;
      lines = step.lines;
      rest = Buffer.from(step.rest).toString('latin1');
    }
    const head = parseRequestHead(lines ?? []);
    assert.equal(head?.method, 'GET');
    assert.equal(head.target, '/a?b=c');
    assert.deepEqual(
      [...head.fields],
      [
        ['host', 'example.com'],
        ['x-two', 'one, more'],
        ['empty', ''],
      ],
    );
    assert.equal(rest, 'rest\r\n\r\n');
  }
});

test('a head of 8 KiB is read, a longer one refused without waiting for its end', () => {
  const fixed = 'GET / HTTP/1.1\r\nA: \r\n\r\n'.length;
  const exact = `GET / HTTP/1.1\r\nA: ${'x'.repeat(maxHeadBytes - fixed)}\r\n\r\n`;
  assert.equal(new HeadReader().push(Buffer.from(`${exact}more`)).kind, 'head');
  const reader = new HeadReader();
  assert.equal(reader.push(Buffer.alloc(maxHeadBytes - 1, 'x')).kind, 'more');
  assert.equal(reader.push(Buffer.alloc(1, 'x')).kind, 'tooLong');
});

test('refuses what is no request', () => {
  for (const text of [
    '',
    'GET /',
    'GET / HTTP/2.0',
    'GET  / HTTP/1.1',
    'GET / HTTP/1.1\r\nno colon',
    'GET / HTTP/1.1\r\nname : value',
    'GET / HTTP/1.1\r\n: value',
    'GET / HTTP/1.1\r\nA: b\r\n folded',
    'GET / HTTP/1.1\r\nA: b\0',
    'GET / HTTP/1.1\r\nA: b\nC: d',
  ]) {
    assert.equal(parseRequestHead(text.split('\r\n')), undefined, JSON.stringify(text));
  }
});

test('reads answers, with a reason or none', () => {
  assert.equal(parseResponseHead(['HTTP/1.1 101 Switching Protocols'])?.reason, 'Switching Protocols');
  assert.equal(parseResponseHead(['HTTP/1.0 404'])?.status, 404);
  for (const line of ['', 'HTTP/1.1 1', 'HTTP/1.1 1010 x', 'HTTP/2 200 OK', 'SSH-2.0-x', 'HTTP/1.1 099 x']) {
    assert.equal(parseResponseHead([line]), undefined, line);
  }
});

test('writes heads', () => {
  const bytes = encodeHead('GET / HTTP/1.1', [['Host', 'caf\xe9']]);
  assert.equal(Buffer.from(bytes).toString('latin1'), 'GET / HTTP/1.1\r\nHost: caf\xe9\r\n\r\n');
});

test('finds a word in a list whatever its case', () => {
  assert.ok(listHas('keep-alive, Upgrade', 'upgrade'));
  assert.ok(listHas('UPGRADE', 'upgrade'));
  assert.ok(!listHas('upgrades', 'upgrade'));
  assert.ok(!listHas(undefined, 'upgrade'));
});
