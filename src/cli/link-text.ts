/** Links given on the command line, or kept off it. */
import { TsrayError } from '../core/errors.js';

const longestInput = 1_000_000;

/** The link itself; `-` stands for standard input, which keeps it out of the list of processes. */
export async function linkText(given: string): Promise<string> {
  return given === '-' ? readStandardInput() : given;
}

/** Rejects with ERR_USAGE for more than a list of links has. */
export async function readStandardInput(): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > longestInput) throw new TsrayError('ERR_USAGE', 'standard input is too long for links');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString();
}
