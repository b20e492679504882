/** The real curl. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';

export interface CurlResult {
  /** curl's exit code: 0 fine, 7 cannot connect, 97 proxy handshake, … */
  readonly code: number;
  readonly bytes: number;
  /** Of the body. */
  readonly sha256: string;
  /** The body's first 64 KiB. */
  readonly text: string;
  readonly stderr: string;
}

/** Runs curl with `args`, its output hashed; the configuration file and proxy variables of the machine are ignored. */
export async function curl(...args: readonly string[]): Promise<CurlResult> {
  const child = spawn('curl', ['-q', '-sS', '--max-time', '120', ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const hash = createHash('sha256');
  const head: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    if (bytes < 65_536) head.push(chunk.subarray(0, 65_536 - bytes));
    bytes += chunk.length;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode ?? -1));
  });
  return { code, bytes, sha256: hash.digest('hex'), text: Buffer.concat(head).toString(), stderr };
}
