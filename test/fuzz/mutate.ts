/** Mutated inputs, the same for the same seed. */
import type { SeededRandom } from '../helper/seeded-random.js';

const longestBytes = 64 * 1024;

/** Bytes at borders, and those that texts are structured by. */
const telling = Buffer.from('\0\x01\x7f\x80\xff\r\n\t :;,=/?&#@%"\'{}[]()<>-+.*\\09azAZ', 'latin1');

/** One to four changes of one of `seeds`, sometimes of two of them joined. */
export function mutate(seeds: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  const pick = (): Uint8Array => seeds[random.below(seeds.length)]!;
  let bytes: Uint8Array = Uint8Array.from(pick());
  if (random.below(8) === 0) {
    const other = pick();
    bytes = joined(
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    );
  }
  for (let count = 1 + random.below(4); count > 0; count -= 1) bytes = changed(bytes, random);
  return bytes.subarray(0, longestBytes);
}

function changed(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(9)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = telling[random.below(telling.length)]!;
      return bytes;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return inserted(bytes, at, random.fill(new Uint8Array(random.below(30))));
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random.below(16))));
    case 5: {
      const piece = bytes.subarray(at, at + random.below(60));
      return inserted(bytes, at, joined(piece, piece, piece));
    }
    case 6:
      return inserted(bytes, at, Uint8Array.of(telling[random.below(telling.length)]!));
    case 7: {
      // A length, perhaps: all bits, none, or one more.
      const width = Math.min(1 + random.below(4), bytes.length - at);
      bytes.fill([0, 0xff, 0x7f, 1][random.below(4)]!, at, at + Math.max(0, width));
      return bytes;
    }
    default: {
      // Seldom long: a long run takes most of the time.
      const length = random.below(random.below(20) === 0 ? longestBytes : 100);
      return inserted(bytes, at, new Uint8Array(length).fill(telling[random.below(telling.length)]!));
    }
  }
}

function inserted(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, at), more, bytes.subarray(at));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Whole, in two, or byte by byte for the beginning; copies, since parts are lent. */
export function cutUp(bytes: Uint8Array, random: SeededRandom): readonly Uint8Array[] {
  const kind = random.below(4);
  if (kind === 0) return [bytes.slice()];
  if (kind === 1) {
    const at = random.below(bytes.length + 1);
    return [bytes.slice(0, at), bytes.slice(at)];
  }
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length && parts.length < 200) {
    const length = kind === 2 ? 1 : 1 + random.below(40);
    parts.push(bytes.slice(at, at + length));
    at += length;
  }
  parts.push(bytes.slice(at));
  return parts;
}
