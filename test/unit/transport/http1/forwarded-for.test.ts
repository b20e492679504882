import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardedFor } from '../../../../src/transport/http1/forwarded-for.js';
import { at } from '../../../helper/fake-listen.js';

test('the first address of X-Forwarded-For becomes the source, and only an address', () => {
  const source = at('192.0.2.1', 4000);
  const from = (value: string | undefined): string => {
    const { address, port } = forwardedFor(value, source);
    return `${address.host} ${port}`;
  };
  assert.equal(from('198.51.100.7, 10.0.0.1'), '198.51.100.7 0');
  assert.equal(from('198.51.100.7 , 10.0.0.1'), '198.51.100.7 0');
  assert.equal(from(' 2001:db8::7'), '2001:db8::7 0');
  for (const value of [undefined, '', 'unknown', 'example.com', ', 198.51.100.7']) {
    assert.equal(from(value), '192.0.2.1 4000', value);
  }
});
