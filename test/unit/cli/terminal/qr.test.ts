import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { qrModules, qrPng, qrText, qrWidth } from '../../../../src/cli/terminal/qr.js';
import { hasLightBackground } from '../../../../src/cli/terminal/style.js';
import { drawnHalves, scanModules } from '../../../helper/qr-screen.js';

const text = `vmess://${'AbC+/0'.repeat(60)}==`;

test('a picture in colours is what was written', () => {
  const modules = qrModules(text);
  assert(modules !== undefined);
  const drawn = qrText(modules, 'colors');
  const lines = drawn.split('\n');
  for (const line of lines) assert(line.startsWith('\u001b[30;107m') && line.endsWith('\u001b[0m'));
  const bare = lines.map((line) => line.slice('\u001b[30;107m'.length, -'\u001b[0m'.length));
  assert.equal(bare[0]?.length, qrWidth(modules));
  assert.equal(scanModules(drawnHalves(bare, qrWidth(modules)).slice(0, qrWidth(modules))), text);
});

test('a picture without colours is what was written, light on dark', () => {
  const modules = qrModules(text);
  assert(modules !== undefined);
  const drawn = qrText(modules, 'light');
  assert(!drawn.includes('\u001b'));
  const dark = drawnHalves(drawn.split('\n'), qrWidth(modules)).map((row) => row.map((light) => !light));
  assert.equal(scanModules(dark.slice(0, qrWidth(modules))), text);
});

test('a picture without colours is what was written, dark on light', () => {
  const modules = qrModules(text);
  assert(modules !== undefined);
  const drawn = qrText(modules, 'dark');
  assert(!drawn.includes('\u001b'));
  const dark = drawnHalves(drawn.split('\n'), qrWidth(modules));
  assert.equal(scanModules(dark.slice(0, qrWidth(modules))), text);
});

test('a light background is known by COLORFGBG', () => {
  const cases = { '0;15': true, '0;default;15': true, '0;7': true, '15;0': false, '7;8': false, '': false };
  for (const [COLORFGBG, light] of Object.entries(cases)) {
    assert.equal(hasLightBackground({ COLORFGBG }), light, COLORFGBG);
  }
  assert.equal(hasLightBackground({}), false);
});

test('a PNG is what was written', () => {
  const modules = qrModules(text);
  assert(modules !== undefined);
  const png = Buffer.from(qrPng(modules, 4));
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  assert.equal(png.subarray(12, 16).toString(), 'IHDR');
  const size = png.readUInt32BE(16);
  assert.equal(size, (modules.length + 8) * 4);
  const idat = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(idat + 4, idat + 4 + png.readUInt32BE(idat - 4)));
  const rowBytes = Math.ceil(size / 8);
  const picture = Array.from({ length: size }, (_, y) =>
    Array.from(
      { length: size },
      (__, x) => (rows[y * (rowBytes + 1) + 1 + (x >> 3)]! & (0x80 >> (x & 7))) === 0,
    ),
  );
  assert.equal(scanModules(picture, 1), text);
});

test('a text that is too long gives none', () => {
  assert.equal(qrModules('x'.repeat(3000)), undefined);
});
