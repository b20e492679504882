/**
 * Regular expressions of RE2's syntax, as V2Ray has them. re2js runs them in time linear in the name, which a name
 * chosen by an attacker cannot change; all of a list are one expression, so that a miss costs one pass.
 */
import { createRequire } from 'node:module';
import type * as Re2 from 're2js';
import type { DomainName } from './domain-name.js';
import { maxNameBytes } from './domain-table.js';

type Library = typeof Re2;

let library: Library | undefined;

/** 260 KB of program that a configuration without regular expressions does not load. */
function re2(): Library {
  library ??= createRequire(import.meta.url)('re2js') as Library;
  return library;
}

/** Why `pattern` is no regular expression of RE2's syntax; undefined if it is one. */
export function regexpFault(pattern: string): string | undefined {
  try {
    re2().RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return String((error as Error).message).replace(/^error parsing regexp: /, '');
  }
}

/** Is told of a pattern that is no regular expression, and is left out. */
export type RegexpFaulty = (pattern: string, reason: string) => void;

interface Unions {
  /** Over the lower-case name, and over the name as it was given. */
  readonly lower: Re2.RE2JS | undefined;
  readonly cased: Re2.RE2JS | undefined;
}

export class Regexps {
  readonly #patterns: readonly string[];
  readonly #faulty: RegexpFaulty | undefined;
  #unions: Unions | undefined;

  /** Compiled when they are first asked, since loading the library alone takes a third of a start. */
  constructor(patterns: Iterable<string>, faulty?: RegexpFaulty) {
    this.#patterns = [...new Set(patterns)];
    this.#faulty = faulty;
  }

  get size(): number {
    return this.#patterns.length;
  }

  has({ given, lower }: DomainName): boolean {
    if (this.size === 0 || given.length > maxNameBytes) return false;
    const unions = this.#compiled();
    return unions.lower?.test(lower) === true || unions.cased?.test(given) === true;
  }

  /** The same for a text that is no name: with its case. */
  hasText(text: string): boolean {
    if (this.size === 0) return false;
    const { cased, lower } = this.#compiled();
    return lower?.test(text) === true || cased?.test(text) === true;
  }

  /** One that matches. */
  find({ given, lower }: DomainName): string | undefined {
    return this.#patterns.find(
      (pattern) =>
        regexpFault(pattern) === undefined &&
        re2()
          .RE2JS.compile(pattern)
          .test(namesCapitals(pattern) ? given : lower),
    );
  }

  #compiled(): Unions {
    this.#unions ??= {
      lower: this.#union(this.#patterns.filter((pattern) => !namesCapitals(pattern))),
      cased: this.#union(this.#patterns.filter(namesCapitals)),
    };
    return this.#unions;
  }

  #union(patterns: readonly string[]): Re2.RE2JS | undefined {
    if (patterns.length === 0) return undefined;
    const { RE2JS } = re2();
    try {
      return RE2JS.compile(unionOf(patterns));
    } catch {
      // One of them is none.
      const good = patterns.filter((pattern) => {
        const fault = regexpFault(pattern);
        if (fault !== undefined) this.#faulty?.(pattern, fault);
        return fault === undefined;
      });
      return good.length === 0 ? undefined : RE2JS.compile(unionOf(good));
    }
  }
}

function unionOf(patterns: readonly string[]): string {
  return patterns.map((pattern) => `(?:${pattern})`).join('|');
}

/** Whether a capital letter is asked for; those of escapes such as `\D` and `\pL`, and of `(?P<n>…)`, are none. */
function namesCapitals(pattern: string): boolean {
  return /[A-Z]/.test(pattern.replaceAll(/\\[pP](?:\{[^}]*\}|.)|\\.|\(\?P?</g, ''));
}
