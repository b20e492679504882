/** Reads QR codes off a screen. */
import decodeQr from 'qr/decode.js';

/** What a camera reads of modules that are true where dark. */
export function scanModules(modules: readonly (readonly boolean[])[], scale = 4): string {
  const size = modules.length * scale;
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      if (modules[Math.floor(y / scale)]?.[Math.floor(x / scale)] !== true) continue;
      data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
    }
  }
  return decodeQr({ width: size, height: size, data });
}

/** The halves of block characters, true where a block is drawn; two rows for each line. */
export function drawnHalves(lines: readonly string[], columns: number): boolean[][] {
  return lines.flatMap((line) => {
    const cells = [...line.padEnd(columns)];
    return [cells.map((cell) => '█▀'.includes(cell)), cells.map((cell) => '█▄'.includes(cell))];
  });
}
