/** Links that are kept off the command line. */
import { TsrayError } from '../core/errors.js';
import { maxSubscriptionBytes } from '../library/fetch-text.js';

/** All of it. Rejects with ERR_USAGE for more than a list of links has. */
export async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) console.error('tsray: waiting for a link: paste it, then press Enter and Ctrl-D');
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxSubscriptionBytes)
      throw new TsrayError('ERR_USAGE', 'standard input is too long for links');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString();
}
