/** How unlike two texts are. */

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; `limit` if there are at least
 * that many.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) >= limit || lettersApart(a, b) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  let lowestBefore = 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let lowest = i;
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      lowest = Math.min(lowest, cost);
      row.push(cost);
    }
    // Later rows grow out of these two and are nowhere below both.
    if (Math.min(lowest, lowestBefore) >= limit) return limit;
    lowestBefore = lowest;
    beforeLast = last;
    last = row;
  }
  return Math.min(limit, last[b.length]!);
}

/** How many letters one has and the other has not: each costs an edit, and most pairs need no more to be told apart. */
function lettersApart(a: string, b: string): number {
  const inA = letterMask(a);
  const inB = letterMask(b);
  return Math.max(bitCount(inA & ~inB), bitCount(inB & ~inA));
}

/** A bit for each character modulo 32: characters that share a bit make texts look nearer than they are, never farther. */
function letterMask(text: string): number {
  let mask = 0;
  for (let at = 0; at < text.length; at += 1) mask |= 1 << (text.charCodeAt(at) & 31);
  return mask;
}

function bitCount(mask: number): number {
  let rest = mask;
  let count = 0;
  for (; rest !== 0; count += 1) rest &= rest - 1;
  return count;
}
