/** The named values of a link as texts, found without regard to case, with an account of those nobody read. */

export class LinkValues {
  readonly #values = new Map<string, { readonly name: string; readonly value: string }>();
  readonly #read = new Set<string>();

  /** The last of several with one name counts. */
  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), { name, value });
  }

  /** The first of `names` that has a value, without spaces around it; empty if none has. All of them count as read. */
  take(...names: readonly string[]): string {
    for (const name of names) this.#read.add(name.toLowerCase());
    for (const name of names) {
      const value = this.#values.get(name.toLowerCase())?.value.trim() ?? '';
      if (value !== '') return value;
    }
    return '';
  }

  /** As `take`, with the spaces around it. */
  exact(name: string): string {
    this.#read.add(name.toLowerCase());
    return this.#values.get(name.toLowerCase())?.value ?? '';
  }

  /** Names with a value that `take` was never asked for, in the order of the link. */
  unread(): string[] {
    const left: string[] = [];
    for (const [key, { name, value }] of this.#values) {
      if (value.trim() !== '' && !this.#read.has(key)) left.push(name);
    }
    return left;
  }
}

const yes = new Set(['1', 'true', 'yes', 'on']);
const no = new Set(['', '0', 'false', 'no', 'off', 'none', 'null', 'undefined']);

/** Undefined for a word that means neither. */
export function readFlagWord(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (yes.has(word)) return true;
  return no.has(word) ? false : undefined;
}

/** Items of a list with commas, trimmed, without empty ones. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
