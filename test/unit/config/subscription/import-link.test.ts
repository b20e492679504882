import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readImportLink } from '../../../../src/config/subscription/import-link.js';

const address = 'https://example.com/sub?token=abc&flag=clash';
const encoded = encodeURIComponent(address);
const base64 = Buffer.from(address).toString('base64');
const url64 = base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

test('the address inside', () => {
  const rows: readonly string[] = [
    `clash://install-config?url=${encoded}`,
    `clash://install-config?url=${encoded}&name=mine`,
    `clash://install-config/?name=mine&amp;url=${encoded}`,
    `CLASHMETA://install-config?URL=${encoded}`,
    `sub://${base64}`,
    `sub://${url64}#mine`,
    `sing-box://import-remote-profile?url=${encoded}#mine`,
    `v2rayng://install-config?url=${encoded}`,
    `v2rayng://install-sub?url=${encoded}&name=mine`,
    `sn://subscription?url=${encoded}&name=mine`,
    `hiddify://import/${address}`,
    `hiddify://install-config?url=${encoded}`,
    `v2raytun://import/${address}`,
    `shadowrocket://add/${address}`,
    `surge:///install-config?url=${encoded}`,
    `loon://import?sub=${encoded}`,
    `loon://import?nodelist=${encoded}`,
    `egern:/policy_groups/new?name=mine&url=${encoded}`,
    `clash://install-config?url=${address}`,
    `clash://install-config?url=${address}&name=mine`,
    `v2rayng://install-sub?name=mine&url=${address}`,
    // Of programs that are not known, since a link with an address can mean nothing else.
    `someclient://install-config?url=${encoded}`,
    `someclient://add/${address}`,
    `quantumult-x:///update-configuration?remote-resource=${encodeURIComponent(JSON.stringify({ server_remote: [`${address}, tag=mine`] }))}`,
    `"clash://install-config?url=${encoded}"`,
  ];
  for (const row of rows) assert.equal(readImportLink(row), address, row);
});

test('a link inside, and one in another', () => {
  assert.equal(readImportLink(`shadowrocket://add/sub://${base64}`), `sub://${base64}`);
  const link = 'vmess://eyJhIjoxfQ==';
  assert.equal(readImportLink(`v2rayng://install-config?url=${encodeURIComponent(link)}`), link);
});

test('import links without an address, and what is none', () => {
  for (const text of [
    'clash://',
    'clash://install-config',
    'sub://!!',
    'sn://vmess?AAAA',
    'clash://install-config?url=x',
  ]) {
    assert.equal(readImportLink(text), '', text);
  }
  for (const text of [
    '',
    'vmess://abc',
    'https://example.com/sub',
    'trojan://x@y:1',
    'clash:',
    'words',
    'someclient://settings',
    'https://a.example/?url=https%3A%2F%2Fb.example',
    'vless://x@y:1?url=https%3A%2F%2Fb.example',
    'C:/links.txt',
  ]) {
    assert.equal(readImportLink(text), undefined, text);
  }
});
