/** 64 MiB through a proxy with the real curl, compared by SHA-256. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { curl } from './curl.js';
import type { HttpOrigin } from './http-origin.js';
import { payloadPieces, payloadSha256 } from './payload.js';

export const largeBytes = 64 * 1024 * 1024;

export interface PayloadFile {
  readonly path: string;
  remove(): void;
}

/** The payload as a file, for curl to upload. */
export function writePayloadFile(length = largeBytes): PayloadFile {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-payload-'));
  const path = join(folder, 'payload');
  const file = openSync(path, 'w');
  for (const piece of payloadPieces(length)) writeSync(file, piece);
  closeSync(file);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function assertDownload(proxyPort: number, origin: HttpOrigin): Promise<void> {
  const result = await curl(
    '--proxy',
    `socks5h://127.0.0.1:${proxyPort}`,
    `http://127.0.0.1:${origin.port}/bytes/${largeBytes}`,
  );
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.bytes, largeBytes);
  assert.equal(result.sha256, payloadSha256(largeBytes));
}

export async function assertUpload(proxyPort: number, origin: HttpOrigin, file: PayloadFile): Promise<void> {
  const result = await curl(
    '--proxy',
    `socks5h://127.0.0.1:${proxyPort}`,
    '--header',
    'Expect:',
    '--upload-file',
    file.path,
    `http://127.0.0.1:${origin.port}/upload`,
  );
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.text, `${largeBytes} ${payloadSha256(largeBytes)}\n`);
}
