/** QR codes for terminals and as PNG. */
import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'uqr';

/** Rows of modules, true where dark, without a border. */
export type QrModules = readonly (readonly boolean[])[];

/** Undefined if the text is longer than a QR code holds (2953 bytes). */
export function qrModules(text: string): QrModules | undefined {
  try {
    return encode(text, { border: 0, ecc: 'L', boostEcc: false }).data;
  } catch {
    return undefined;
  }
}

/** Light modules around; the standard wants 4, and readers are content with 2. */
const terminalBorder = 2;

/** Columns that `qrText` takes. */
export function qrWidth(modules: QrModules): number {
  return modules.length + 2 * terminalBorder;
}

/**
 * What the blocks stand for. `colors`: dark modules, black on white whatever the terminal's own colours are. Without
 * colours `light` modules, as fits a dark background, or `dark` ones, as fits a light one.
 */
export type QrInk = 'colors' | 'light' | 'dark';

/** Two modules a character. */
export function qrText(modules: QrModules, ink: QrInk): string {
  const drawsDark = ink !== 'light';
  const size = qrWidth(modules);
  const isDark = (row: number, column: number): boolean =>
    modules[row - terminalBorder]?.[column - terminalBorder] ?? false;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = '';
    for (let column = 0; column < size; column += 1) {
      // Below the last row of an odd size is nothing.
      const upper = isDark(row, column) === drawsDark;
      const lower = row + 1 < size ? isDark(row + 1, column) === drawsDark : false;
      line += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }
    lines.push(ink === 'colors' ? `\u001b[30;107m${line}\u001b[0m` : line);
  }
  return lines.join('\n');
}

const pngBorder = 4;
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A PNG (RFC 2083) of one bit a pixel, `scale` pixels a module. */
export function qrPng(modules: QrModules, scale = 8): Uint8Array {
  const size = (modules.length + 2 * pngBorder) * scale;
  const rowBytes = Math.ceil(size / 8);
  const pixels = Buffer.alloc((rowBytes + 1) * size);
  for (let y = 0; y < size; y += 1) {
    const row = modules[Math.floor(y / scale) - pngBorder];
    // The first byte of a row is its filter: none.
    const start = y * (rowBytes + 1) + 1;
    for (let x = 0; x < size; x += 1) {
      const dark = row?.[Math.floor(x / scale) - pngBorder] ?? false;
      if (!dark) pixels[start + (x >> 3)]! |= 0x80 >> (x & 7);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  // 1 bit, greyscale.
  header[8] = 1;
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(pixels)),
    pngChunk('IEND', new Uint8Array()),
  ]);
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}
