/** The little of DER (X.690) that certificates need: building values, and finding one inside others. */

/** Tags. Constructed context tags are `0xa0 + n`. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length, content. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, each) => sum + each.length, 0);
  const lengthBytes: number[] = [];
  if (length < 0x80) {
    lengthBytes.push(length);
  } else {
    for (let rest = length; rest > 0; rest >>>= 8) lengthBytes.unshift(rest & 0xff);
    lengthBytes.unshift(0x80 + lengthBytes.length);
  }
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes), ...contents]);
}

export function derSequence(...contents: readonly Uint8Array[]): Uint8Array {
  return der(derTags.sequence, ...contents);
}

/** `1.2.840.…` */
export function derObjectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(derTags.objectId, Uint8Array.from(bytes));
}

/** A bit string of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return der(derTags.bitString, Uint8Array.of(0), bytes);
}

/** A time as certificates write it: two digits for the year until 2049. */
export function derTime(ms: number): Uint8Array {
  const digits = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return Number(digits.slice(0, 4)) < 2050
    ? der(derTags.utcTime, Buffer.from(digits.slice(2)))
    : der(derTags.generalizedTime, Buffer.from(digits));
}

/** The values one after the other in `bytes`, each with its tag and length. Throws a RangeError for anything else. */
export function derValues(
  bytes: Uint8Array,
): readonly { readonly tag: number; readonly whole: Uint8Array; readonly content: Uint8Array }[] {
  const values = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = byteAt(bytes, at);
    let length = byteAt(bytes, at + 1);
    let start = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      length = 0;
      for (let i = 0; i < count; i += 1) length = length * 256 + byteAt(bytes, start + i);
      start += count;
    }
    const end = start + length;
    if (end > bytes.length) throw new RangeError('a DER value is cut short');
    values.push({ tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) });
    at = end;
  }
  return values;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('a DER value is cut short');
  return byte;
}
