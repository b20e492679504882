import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  isLooseObject,
  type LooseValue,
  parseLooseObject,
} from '../../../../src/config/share-link/loose-json.js';
import { parseShareLink } from '../../../../src/config/share-link/share-link.js';

function plain(value: LooseValue | undefined): unknown {
  if (isLooseObject(value)) {
    return Object.fromEntries([...value.members].map(([key, inner]) => [key, plain(inner)]));
  }
  return Array.isArray(value) ? value.map((item: LooseValue) => plain(item)) : value;
}

const read = (text: string): unknown => plain(parseLooseObject(text));

test('JSON is read as JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (given) => {
      const text = JSON.stringify(given);
      const expected = JSON.parse(text) as Record<string, unknown>;
      // Keys are trimmed, and __proto__ is a key as any other; both mean nothing in links.
      if (/__proto__|"\s|\s"/.test(text) || text.includes('e-')) return;
      assert.deepEqual(read(text), expected);
    }),
  );
});

describe('what is no JSON and still clear', () => {
  const rows: readonly (readonly [title: string, text: string])[] = [
    ['single quotes', "{'a': 'x', 'b': 1}"],
    ['keys without quotes', '{a: "x", b: 1}'],
    ['values without quotes', '{"a": x, "b": 1}'],
    ['a comma too many', '{"a": "x", "b": 1,}'],
    ['commas doubled', '{,"a": "x",, "b": 1}'],
    ['a comma missing', '{"a": "x"\n"b": 1}'],
    ['comments', '{/* one */"a": "x", // two\n # three\n"b": 1}'],
    ['a name twice, the last counts', '{"a": "y", "b": 2, "a": "x", "b": 1}'],
    ['something behind', '{"a": "x", "b": 1}{"a": "z"} garbage'],
    ['control characters between', '{\u0000"a": "x",\u0007"b": 1}'],
    ['full-width marks', '{“a”：“x”，"b": 1}'],
    ['a number with a sign and a point', '{"a": "x", "b": +1.0}'],
  ];
  for (const [title, text] of rows) {
    test(title, () => {
      assert.deepEqual(read(text), { a: 'x', b: 1 });
    });
  }
  test('words of other languages', () => {
    assert.deepEqual(read('{a: NaN, b: None, c: undefined, d: True, e: -Infinity}'), {
      a: null,
      b: null,
      c: null,
      d: true,
      e: null,
    });
  });
  test('raw control characters and unknown escapes in texts', () => {
    assert.deepEqual(read('{"a": "x\ny\t\\q\\x41\\u0042\\\'"}'), { a: "x\ny\tqAB'" });
  });
  test('a key without a value', () => {
    assert.deepEqual(read('{"a":, "b":}'), { a: null, b: null });
  });
});

test('what ends too early, or is no object, is none', () => {
  const whole = '{"a": "x", "b": [1, {"c": "d"}], "e": \'f\'}';
  assert.deepEqual(read(whole), { a: 'x', b: [1, { c: 'd' }], e: 'f' });
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(parseLooseObject(whole.slice(0, length)), undefined, whole.slice(0, length));
  }
  for (const text of ['[]', '"a"', '{"a" "b"}', '{]', '{"a": [}'])
    assert.equal(parseLooseObject(text), undefined);
  assert.equal(parseLooseObject('{"a":'.repeat(100_000)), undefined);
});

test('links of careless writers', () => {
  const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';
  const texts = [
    `{'add': 'a.example', 'port': '443', 'id': '${id}', 'net': 'ws', 'tls': 'tls', 'path': '/ray'}`,
    `{add: a.example, port: 443, id: ${id}, net: ws, tls: tls, path: /ray}`,
    `\uFEFF{"add":"a.example","port":443,"id":"${id}","aid":NaN,"net":"ws","tls":"tls","path":"/ray",}\n{}`,
    `{"v":2,"add":"a.example","port":"443.0","id":"${id}","ps":"a\nb","net":"ws","tls":true,"path":"/ray"} // x`,
    `{&quot;add&quot;:&quot;a.example&quot;,&quot;port&quot;:443,&quot;id&quot;:&quot;${id}&quot;,&quot;net&quot;:&quot;ws&quot;,&quot;tls&quot;:&quot;tls&quot;,&quot;path&quot;:&quot;/ray&quot;}`,
  ];
  for (const text of texts) {
    const { outbound } = parseShareLink(`vmess://${Buffer.from(text).toString('base64')}`);
    assert.deepEqual(outbound.streamSettings, {
      network: 'ws',
      wsSettings: { path: '/ray' },
      security: 'tls',
      tlsSettings: {},
    });
  }
});
