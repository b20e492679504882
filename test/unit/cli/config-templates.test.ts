import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientTemplate, serverTemplate } from '../../../src/cli/config-templates.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { Settings } from '../../../src/config/settings.js';
import { parseShareLink } from '../../../src/config/share-link/share-link.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';

/** Nothing to complain about, and nothing wider than a terminal. */
function checked(text: string): Settings {
  const { errors, settings, warnings } = parseConfig(text, { strict: true });
  assert.deepEqual([errors, warnings], [[], []]);
  assert(settings !== undefined);
  return settings;
}

test("the server's has the ID and the port, and blocks private addresses", () => {
  const { inbounds, outbounds } = checked(serverTemplate(id, 443));
  const [inbound] = inbounds;
  const [outbound] = outbounds;
  assert(inbound?.protocol === 'vmess' && outbound?.protocol === 'freedom');
  assert.deepEqual(inbound.ports, [443]);
  assert.equal(Buffer.from(inbound.settings.clients[0]?.id ?? []).toString('hex'), id.replaceAll('-', ''));
  assert.equal(outbound.settings.blockPrivate, true);
});

test('what is commented out in it can be switched on', () => {
  const text = serverTemplate(id, 443).replace(/(?:^ *\/\/ .*\n)+/gm, (comment) => {
    const settings = comment.indexOf('// ,');
    return settings < 0 ? comment : comment.slice(settings).replace(/^ *\/\/ /gm, '');
  });
  const { inbounds } = checked(text);
  assert.equal(inbounds[0]?.stream.network, 'ws');
  assert.equal(inbounds[0]?.stream.tls?.certificates.length, 1);
});

test("the client's listens where it should and has the server of a link", () => {
  const { outbound } = parseShareLink(`vmess://${id}@[2001:db8::1]:443?type=ws&security=tls&sni=a.example`);
  const { inbounds, outbounds } = checked(clientTemplate({ host: '::1', port: 99 }, outbound));
  assert.equal(inbounds[0]?.listen, '::1');
  assert.deepEqual(inbounds[0]?.ports, [99]);
  assert.equal(outbounds[0]?.stream.network, 'ws');
  assert.equal(outbounds[0]?.stream.tls?.serverName, 'a.example');
});

test("the client's without a link can be checked before it is filled in", () => {
  const text = clientTemplate({ host: '127.0.0.1', port: 1080 });
  checked(text);
  assert.match(text, /Fill in/);
});
