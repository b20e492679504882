/** Base64 as people send it: either alphabet, with or without padding, broken into lines, percent-encoded. */
import { withoutEnd } from '../../core/text/trim.js';

/** The bytes, or undefined if the text is no base64. An empty text is none. */
export function decodeLooseBase64(text: string): Buffer | undefined {
  const plain = decodePlainBase64(text);
  if (plain !== undefined) return plain;
  const bare = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const letters = withoutEnd(bare.replace(/\s+/g, ''), '=');
  if (letters === '' || letters.length % 4 === 1 || !/^[A-Za-z0-9+/_-]*$/.test(letters)) return undefined;
  return Buffer.from(letters, 'base64');
}

/** Of a text that is base64 and nothing else. Node skips what is no letter, and then there are fewer bytes than letters. */
export function decodePlainBase64(text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const letters = text.length - padding;
  if (letters === 0 || letters % 4 === 1) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === Math.floor((letters * 3) / 4) ? bytes : undefined;
}

/** The decoded text without the mark of its encoding; bytes that are no UTF-8 become U+FFFD. */
export function decodeLooseBase64Text(text: string): string | undefined {
  const decoded = decodeLooseBase64(text)?.toString();
  return decoded?.startsWith('\uFEFF') === true ? decoded.slice(1) : decoded;
}
