/** Base64 as people send it: either alphabet, with or without padding, broken into lines, percent-encoded. */
import { withoutEnd } from '../../core/text/trim.js';

/** The bytes, or undefined if the text is no base64. An empty text is none. */
export function decodeLooseBase64(text: string): Uint8Array | undefined {
  if (/^[A-Za-z0-9+/_-]+$/.test(text)) return text.length % 4 === 1 ? undefined : Buffer.from(text, 'base64');
  const bare = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const letters = withoutEnd(bare.replace(/\s+/g, ''), '=');
  if (letters === '' || letters.length % 4 === 1 || !/^[A-Za-z0-9+/_-]*$/.test(letters)) return undefined;
  return Buffer.from(letters, 'base64');
}

/** Making one takes longer than decoding a link. */
const decoder = new TextDecoder();

/** The decoded text; bytes that are no UTF-8 become U+FFFD. */
export function decodeLooseBase64Text(text: string): string | undefined {
  const bytes = decodeLooseBase64(text);
  return bytes === undefined ? undefined : decoder.decode(bytes);
}
