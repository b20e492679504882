/** Where each list of a data file lies, found without decoding the lists. */
import { MalformedMessage } from '../../core/protobuf.js';

/** Reads `length` bytes at `at`; fewer at the end of the file. The result holds until the next call. */
export type ReadAt = (at: number, length: number) => Uint8Array;

export interface ListSpan {
  /** Of the list's message, without its head. */
  readonly from: number;
  readonly length: number;
}

/** Head of a list, with the code that stands first in it. */
const headBytes = 128;
const listField = 0x0a;
const codeField = 0x0a;

/**
 * Upper-case code → where the list is; of two with one code the first counts, as in V2Ray. Throws MalformedMessage for
 * what is no such file. `fileBytes` is its size.
 */
export function indexLists(readAt: ReadAt, fileBytes: number): Map<string, ListSpan> {
  const index = new Map<string, ListSpan>();
  let at = 0;
  while (at < fileBytes) {
    const head = readAt(at, headBytes);
    if (head[0] !== listField) throw new MalformedMessage(`no list begins at byte ${at}`);
    const length = varintAt(head, 1);
    const from = at + 1 + length.bytes;
    if (length.value > fileBytes - from) throw new MalformedMessage('the last list is cut off');
    const code = codeOf(head, 1 + length.bytes, readAt, from, length.value);
    if (!index.has(code)) index.set(code, { from, length: length.value });
    at = from + length.value;
  }
  return index;
}

function codeOf(head: Uint8Array, start: number, readAt: ReadAt, from: number, length: number): string {
  if (length === 0) return '';
  if (head[start] !== codeField) return '';
  const size = varintAt(head, start + 1);
  const begin = 1 + size.bytes;
  if (begin + size.value > length) throw new MalformedMessage('the name of a list is longer than the list');
  const inHead = start + begin + size.value <= head.length;
  const bytes = inHead
    ? head.subarray(start + begin, start + begin + size.value)
    : readAt(from + begin, size.value);
  return Buffer.from(bytes).toString('utf8').toUpperCase();
}

function varintAt(bytes: Uint8Array, start: number): { readonly value: number; readonly bytes: number } {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 10; count += 1) {
    const byte = bytes[start + count];
    if (byte === undefined) throw new MalformedMessage('a length is cut off');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, bytes: count + 1 };
    scale *= 128;
  }
  throw new MalformedMessage('a length is longer than ten bytes');
}
