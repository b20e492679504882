/** `--server`: by number, name, part of a name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../../../src/cli/servers/candidates.js';
import { chooseServer } from '../../../../src/cli/servers/choose.js';

const servers: readonly Candidate[] = [
  'Hong Kong 1',
  'Hong Kong 2',
  'hong kong 2',
  'Tokyo',
  '4',
  'tokyo fast',
].map((name) => ({ name, server: 'a.example:1', transport: 'tcp', outbounds: [], warnings: [] }));

function chosen(wanted: string): string {
  const found = chooseServer(servers, wanted);
  return found === 'fastest' ? found : `${servers.indexOf(found) + 1}`;
}

test('a number counts from 1, unless a server has it for its name', () => {
  assert.equal(chosen('1'), '1');
  assert.equal(chosen('6'), '6');
  assert.equal(chosen('4'), '5');
  assert.throws(() => chosen('7'), {
    code: 'ERR_USAGE',
    message: 'there are 6 servers, and none has the number 7',
  });
  assert.throws(() => chosen('0'), { code: 'ERR_USAGE' });
});

test('a name: exact, then without regard to case, then a part of it', () => {
  assert.equal(chosen('hong kong 2'), '3');
  assert.equal(chosen('tokyo'), '4');
  assert.equal(chosen('FAST'), '6');
  assert.equal(chosen('kong 1'), '1');
  assert.throws(() => chosen('kong'), {
    code: 'ERR_USAGE',
    message: '--server fits 3 servers: 1 (Hong Kong 1), 2 (Hong Kong 2), 3 (hong kong 2)',
  });
  assert.throws(() => chosen('HONG KONG 2'), { message: /fits 2 servers: 2 .*, 3 / });
  assert.throws(() => chosen('Berlin'), { code: 'ERR_USAGE', message: 'no server has the name "Berlin"' });
});

test('fastest is left to who can find it out, unless a server is called so', () => {
  assert.equal(chosen('fastest'), 'fastest');
  assert.equal(chosen('Fastest'), 'fastest');
  const named = [...servers, { ...servers[0]!, name: 'fastest' }];
  assert.equal(chooseServer(named, 'fastest'), named[6]);
});
