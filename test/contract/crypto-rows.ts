/** `Aead.openRun`, for providers that have it: it must take exactly what `open` takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aead, aeadTagBytes, type CryptoProvider, type SealedRun } from '../../src/crypto/provider.js';

const iv = new Uint8Array(Buffer.from('ffff0102030405060708090a', 'hex'));

function nonceFor(counter: number): Uint8Array {
  const nonce = iv.slice();
  nonce[0] = counter >>> 8;
  nonce[1] = counter;
  return nonce;
}

function text(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => (index * 31 + seed * 17 + (index >> 8)) & 0xff);
}

interface Row {
  readonly run: SealedRun & {
    readonly bytes: Uint8Array;
    readonly starts: number[];
    readonly lengths: number[];
  };
  readonly texts: readonly Uint8Array[];
}

/** Messages of these lengths, `gap` bytes of other data in front of each. */
function row(aead: Aead, lengths: readonly number[], counter: number, gap = 3): Row {
  const texts = lengths.map((length, index) => text(length, index));
  const starts: number[] = [];
  const sealedLengths: number[] = [];
  let at = 0;
  for (const length of lengths) {
    starts.push(at + gap);
    sealedLengths.push(length + aeadTagBytes);
    at += gap + length + aeadTagBytes;
  }
  const bytes = new Uint8Array(at).fill(0xcc);
  texts.forEach((plaintext, index) => {
    aead.seal(nonceFor(counter + index), undefined, plaintext, bytes, starts[index]!);
  });
  return { run: { bytes, starts, lengths: sealedLengths, nonce: iv }, texts };
}

type OpenRun = NonNullable<Aead['openRun']>;

export function cryptoRowsContract(provider: CryptoProvider): void {
  const suite = `${provider.name} provider, rows:`;
  const aead = provider.aead('aes-128-gcm', text(16, 99));
  if (aead.openRun === undefined) return;
  const openRun: OpenRun = (...parts) => aead.openRun?.(...parts) ?? 0;

  test(`${suite} opens messages of every length around the block borders`, () => {
    const all = Array.from({ length: 67 }, (_, length) => length);
    for (const counter of [0, 255, 65_535, 65_530]) {
      const { run, texts } = row(aead, all, counter);
      const expected = Buffer.concat(texts);
      const out = new Uint8Array(expected.length + 4).fill(0xee);
      assert.equal(openRun(run, 0, counter, out, 2), all.length);
      assert.equal(Buffer.compare(out.subarray(2, -2), expected), 0);
      assert.equal(Buffer.from(out.subarray(0, 2)).toString('hex'), 'eeee');
      assert.equal(Buffer.from(out.subarray(-2)).toString('hex'), 'eeee');
    }
  });

  test(`${suite} takes as many as it can and goes on from there`, () => {
    const lengths = Array.from({ length: 300 }, (_, index) => (index * 97) % 2100);
    const { run, texts } = row(aead, lengths, 7);
    const out = new Uint8Array(400_000);
    let [first, written] = [0, 0];
    while (first < lengths.length) {
      const opened = openRun(run, first, 7 + first, out, written);
      assert.ok(opened >= 0);
      if (opened === 0) {
        const sealed = run.bytes.subarray(run.starts[first], run.starts[first]! + run.lengths[first]!);
        assert.equal(aead.open(nonceFor(7 + first), undefined, sealed, out, written), true);
      }
      const next = first + Math.max(1, opened);
      for (; first < next; first += 1) written += lengths[first]!;
    }
    assert.equal(Buffer.compare(out.subarray(0, written), Buffer.concat(texts)), 0);
  });

  test(`${suite} leaves few or long messages to open`, () => {
    const out = new Uint8Array(200_000);
    for (const lengths of [[5], [5, 5], [60_000, 10, 10, 10]]) {
      assert.equal(openRun(row(aead, lengths, 0).run, 0, 0, out, 0), 0);
    }
  });

  test(`${suite} refuses any flipped bit and writes nothing`, () => {
    const { run } = row(aead, [33, 0, 16, 1, 20], 3, 0);
    const out = new Uint8Array(100);
    for (let index = 0; index < run.bytes.length; index += 1) {
      for (const bit of [1, 0x80]) {
        run.bytes[index]! ^= bit;
        assert.equal(openRun(run, 0, 3, out, 0), -1, `byte ${index}`);
        run.bytes[index]! ^= bit;
      }
    }
    assert.ok(out.every((byte) => byte === 0));
    assert.equal(openRun(run, 0, 3, out, 0), 5);
  });

  test(`${suite} refuses another counter, and messages swapped, cut or split`, () => {
    const lengths = [40, 40, 40, 40];
    const out = new Uint8Array(400);
    const fresh = (): Row => row(aead, lengths, 9, 0);
    assert.equal(openRun(fresh().run, 0, 8, out, 0), -1);

    const swapped = fresh().run;
    [swapped.starts[1], swapped.starts[2]] = [swapped.starts[2]!, swapped.starts[1]!];
    assert.equal(openRun(swapped, 0, 9, out, 0), -1);

    for (const by of [1, 16, 24, 40]) {
      for (const index of [0, 1, 3]) {
        const shorter = fresh().run;
        shorter.lengths[index]! -= by;
        assert.equal(openRun(shorter, 0, 9, out, 0), -1);
        const later = fresh().run;
        later.starts[index]! += by;
        later.lengths[index]! -= by;
        assert.equal(openRun(later, 0, 9, out, 0), -1);
      }
    }
    const joined = fresh().run;
    joined.starts.splice(2, 1);
    joined.lengths.splice(1, 2, 112);
    assert.equal(openRun(joined, 0, 9, out, 0), -1);
  });

  test(`${suite} changes in two places that a careless sum would cancel are refused`, () => {
    // Each pair of bytes at the same place of two blocks, anywhere in the row, changed alike.
    const lengths = [32, 16, 32];
    const { run } = row(aead, lengths, 0, 0);
    const out = new Uint8Array(100);
    for (let first = 0; first < run.bytes.length; first += 1) {
      for (let second = first + 1; second < run.bytes.length; second += 1) {
        if (second - first > 16 && (second - first) % 16 !== 0) continue;
        run.bytes[first]! ^= 0x40;
        run.bytes[second]! ^= 0x40;
        assert.equal(openRun(run, 0, 0, out, 0), -1, `${first} and ${second}`);
        run.bytes[first]! ^= 0x40;
        run.bytes[second]! ^= 0x40;
      }
    }
  });
}
