/** Texts that may stand anywhere in a name. Many of them are looked for in one pass (Aho and Corasick's automaton). */

/** Up to here one search for each is faster than the automaton. */
const fewKeywords = 8;

export class Keywords {
  readonly #few: readonly string[];
  readonly #many: KeywordAutomaton | undefined;
  readonly #all: readonly string[];

  /** Lower case. */
  constructor(keywords: Iterable<string>) {
    this.#all = [...new Set(keywords)];
    const automaton = this.#all.length > fewKeywords && !this.#all.includes('');
    this.#many = automaton ? new KeywordAutomaton(this.#all) : undefined;
    this.#few = automaton ? [] : this.#all;
  }

  get size(): number {
    return this.#all.length;
  }

  /** `name` is lower case. */
  has(name: string): boolean {
    if (this.#many !== undefined) return this.#many.has(name);
    for (const keyword of this.#few) if (name.includes(keyword)) return true;
    return false;
  }

  /** One that is in `name`. */
  find(name: string): string | undefined {
    return this.#all.find((keyword) => name.includes(keyword));
  }
}

/** Symbols: 0 stands for every code that no keyword has. */
class KeywordAutomaton {
  readonly #symbols = new Uint8Array(128);
  readonly #width: number;
  /** state × symbol → state; a state from which a keyword has been read is negative. */
  readonly #next: Int32Array;

  constructor(keywords: readonly string[]) {
    // Texts with other characters than ASCII are in no name.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
    const possible = keywords.filter((keyword) => /^[\x00-\x7f]+$/.test(keyword));
    let width = 1;
    for (const keyword of possible) {
      for (let index = 0; index < keyword.length; index += 1) {
        const code = keyword.charCodeAt(index);
        if (this.#symbols[code] === 0) this.#symbols[code] = width++;
      }
    }
    this.#width = width;
    const longest = possible.reduce((sum, keyword) => sum + keyword.length, 1);
    const next = new Int32Array(longest * width);
    const ends = new Uint8Array(longest);
    let states = 1;
    for (const keyword of possible) {
      let state = 0;
      for (let index = 0; index < keyword.length; index += 1) {
        const cell = state * width + this.#symbols[keyword.charCodeAt(index)]!;
        if (next[cell] === 0) next[cell] = states++;
        state = next[cell]!;
      }
      ends[state] = 1;
    }
    this.#next = complete(next, ends, states, width);
  }

  has(name: string): boolean {
    const next = this.#next;
    const symbols = this.#symbols;
    let state = 0;
    for (let index = 0; index < name.length; index += 1) {
      const code = name.charCodeAt(index);
      state = next[state * this.#width + (code < 128 ? symbols[code]! : 0)]!;
      if (state < 0) return true;
    }
    return false;
  }
}

/** Fills in where the automaton goes on when a keyword breaks off; breadth first. */
function complete(next: Int32Array, ends: Uint8Array, states: number, width: number): Int32Array {
  const fallback = new Int32Array(states);
  const queue: number[] = [];
  for (let symbol = 0; symbol < width; symbol += 1) if (next[symbol]! > 0) queue.push(next[symbol]!);
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head]!;
    if (ends[fallback[state]!] === 1) ends[state] = 1;
    for (let symbol = 0; symbol < width; symbol += 1) {
      const cell = state * width + symbol;
      const shorter = next[fallback[state]! * width + symbol]!;
      const child = next[cell]!;
      if (child === 0) next[cell] = shorter;
      else {
        fallback[child] = shorter;
        queue.push(child);
      }
    }
  }
  const result = next.slice(0, states * width);
  for (let cell = 0; cell < result.length; cell += 1) if (ends[result[cell]!] === 1) result[cell] = -1;
  return result;
}
