/** Memory of queued segments, shared by all connections: what one has had acknowledged serves the next. */

/** The largest mtu is 1460; data is less. */
const pieceBytes = 1_472;
const piecesPerSlab = 64;
/** Kept for reuse; more goes back to the collector: 6 MB. */
const maxFree = 4_096;

const free: Uint8Array[] = [];

/** A piece of at least `1460` bytes, of unspecified content. */
export function takePiece(): Uint8Array {
  const piece = free.pop();
  if (piece !== undefined) return piece;
  const slab = Buffer.allocUnsafeSlow(pieceBytes * piecesPerSlab);
  for (let at = slab.length - pieceBytes; at > 0; at -= pieceBytes) {
    free.push(slab.subarray(at, at + pieceBytes));
  }
  return slab.subarray(0, pieceBytes);
}

/** Gives back what `takePiece` gave; nobody refers to it any more. */
export function releasePiece(piece: Uint8Array): void {
  if (free.length < maxFree) free.push(piece);
}
