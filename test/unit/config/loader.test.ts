import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig, loadConfigs, maxConfigBytes } from '../../../src/config/loader.js';
import { formatProblem } from '../../../src/config/problem.js';
import { TsrayError } from '../../../src/core/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'tsray-config-'));
after(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const good = '{ "inbounds": [{ "protocol": "socks", "port": 1 }], "outbounds": [{ "protocol": "freedom" }] }';
const nothing = { standardInput: chunks() };

const failure = (text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TsrayError);
  assert.equal(error.code, 'ERR_CONFIG_READ');
  assert.match(error.message, text);
  return true;
};

test('reads a file and names it in problems', async () => {
  const path = fileWith('a.json', '{ "log": 1 }');
  const { errors } = await loadConfig(path, nothing);
  assert.equal(errors[0]?.file, path);
});

test('reads standard input, split inside a character', async () => {
  const bytes = Buffer.from(good.replace('"port"', '"tag": "é", "port"'));
  const middle = bytes.indexOf(0xc3) + 1;
  const standardInput = chunks(bytes.subarray(0, middle), bytes.subarray(middle));
  const { settings } = await loadConfig('-', { standardInput });
  assert.equal(settings?.inbounds[0]?.tag, 'é');
});

test('problems of standard input say so', async () => {
  const { errors } = await loadConfig('-', { standardInput: chunks(Buffer.from('[')) });
  assert.equal(errors[0]?.file, 'standard input');
});

test('takes a byte order mark', async () => {
  const { settings } = await loadConfig(fileWith('bom.json', `\uFEFF${good}`), nothing);
  assert.ok(settings);
});

test('a missing file, a folder and other encodings are told apart', async () => {
  await assert.rejects(loadConfig(join(folder, 'none.json'), nothing), failure(/none\.json: .*no such file/));
  await assert.rejects(loadConfig(folder, nothing), failure(/it is a folder/));
  const wide = fileWith('wide.json', Buffer.from(`\uFEFF${good}`, 'utf16le'));
  await assert.rejects(loadConfig(wide, nothing), failure(/expected UTF-8 text, found UTF-16/));
  const latin = fileWith('latin.json', Buffer.from('{ "log": "é" }', 'latin1'));
  await assert.rejects(loadConfig(latin, nothing), failure(/expected UTF-8 text, found other bytes/));
  const protobuf = fileWith('config.pb', Buffer.from('0a02080112040a020801', 'hex'));
  await assert.rejects(loadConfig(protobuf, nothing), {
    code: 'ERR_CONFIG_READ',
    message: /expected text, found binary data/,
    hint: /Protobuf \(-format pb\) is not read/,
  });
});

test('endless input is cut off', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(16 * 1024 * 1024).fill(0x20);
    for (;;) yield chunk;
  }
  const limit = new RegExp(`larger than ${maxConfigBytes / 1024 / 1024} MiB`);
  await assert.rejects(loadConfig('-', { standardInput: endless() }), failure(limit));
});

test("files of both of V2Ray's formats are merged, and each is spoken of in its own keys", async () => {
  const older = fileWith(
    'older.json',
    '{ "inbounds": [{ "protocol": "socks", "port": 1, "settings": { "udp": "yes" } }],\n' +
      '"outbounds": [{ "protocol": "freedom", "settings": { "userLevel": 300 } }] }',
  );
  const newer = fileWith(
    'newer.json',
    '{ "services": { "tun": { "name": "a" } },\n' +
      '"inbounds": [{ "protocol": "http", "tag": "b", "port": 2, "streamSettings": { "transport": "wss" } }],\n' +
      '"outbounds": [{ "protocol": "vmess", "tag": "b", "settings": { "address": "a", "port": 0, "uuid": "a" } }] }',
  );
  const { errors } = await loadConfigs([older, newer], nothing);
  assert.deepEqual(
    errors.map((each) => `${each.line}:${each.column} ${each.path}`),
    [
      '1:71 inbounds[0].settings.udp',
      '2:67 outbounds[1].settings.userLevel',
      '1:24 services.tun',
      '2:92 inbounds[1].streamSettings.transport',
      '3:88 outbounds[0].settings.port',
    ],
    errors.map(formatProblem).join('\n'),
  );
  const v5 = fileWith('plain.json', '{ "log": {} }');
  const { settings } = await loadConfigs([fileWith('good.json', good), v5], { ...nothing, format: 'jsonv5' });
  assert.equal(settings?.log.access, 'none');
});
