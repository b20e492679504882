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

const unionOf = (patterns: readonly string[]) =>
  patterns.length === 0
    ? undefined
    : re2().RE2JS.compile(patterns.map((pattern) => `(?:${pattern})`).join('|'));

export class Regexps {
  readonly #patterns: readonly string[];
  /** Over the lower-case name, and over the name as it was given. */
  readonly #lower: Re2.RE2JS | undefined;
  readonly #cased: Re2.RE2JS | undefined;

  /** Each of them valid: see `regexpFault`. */
  constructor(patterns: Iterable<string>) {
    this.#patterns = [...new Set(patterns)];
    this.#lower = unionOf(this.#patterns.filter((pattern) => !namesCapitals(pattern)));
    this.#cased = unionOf(this.#patterns.filter(namesCapitals));
  }

  get size(): number {
    return this.#patterns.length;
  }

  has({ lower, given }: DomainName): boolean {
    if (given.length > maxNameBytes) return false;
    return this.#lower?.test(lower) === true || this.#cased?.test(given) === true;
  }

  /** The same for a text that is no name: with its case. */
  hasText(text: string): boolean {
    return this.#lower?.test(text) === true || this.#cased?.test(text) === true;
  }

  /** One that matches. */
  find({ lower, given }: DomainName): string | undefined {
    return this.#patterns.find((pattern) =>
      re2()
        .RE2JS.compile(pattern)
        .test(namesCapitals(pattern) ? given : lower),
    );
  }
}

/** Whether a capital letter is asked for; those of escapes such as `\D` and `\pL`, and of `(?P<n>…)`, are none. */
function namesCapitals(pattern: string): boolean {
  return /[A-Z]/.test(pattern.replaceAll(/\\[pP](?:\{[^}]*\}|.)|\\.|\(\?P?</g, ''));
}
