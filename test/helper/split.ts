/** The three ways every decoder is fed: whole, byte by byte, at random places. */
export function splits(bytes: Uint8Array, seed = 1): readonly (readonly Uint8Array[])[] {
  const single = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
  const result: Uint8Array[][] = [[bytes], single];
  let state = seed;
  for (let round = 0; round < 8; round += 1) {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const length = 1 + ((state >>> 16) % Math.max(2, Math.ceil(bytes.length / (round + 1))));
      parts.push(bytes.subarray(at, at + length));
      at += length;
    }
    result.push(parts);
  }
  return result;
}
