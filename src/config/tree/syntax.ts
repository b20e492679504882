/** Explains a parser's error in the reader's words, from the text around it. */
import { type ParseError, printParseErrorCode } from 'jsonc-parser';
import { type Blanked, openBracketAt } from './comments.js';
import type { Source } from './source.js';

export interface ExplainedError {
  readonly offset: number;
  readonly message: string;
  readonly hint: string | undefined;
  /** The parser went on without losing anything; values may still be checked. */
  readonly treeIntact: boolean;
}

type Explanation = Omit<ExplainedError, 'offset' | 'treeIntact'> & { offset?: number; treeIntact?: boolean };

export function explainSyntax(source: Source, blanked: Blanked, error: ParseError): ExplainedError {
  const explained = explain(source, blanked, error);
  return {
    offset: explained.offset ?? error.offset,
    message: explained.message,
    hint: explained.hint,
    treeIntact: explained.treeIntact ?? false,
  };
}

function explain(source: Source, blanked: Blanked, error: ParseError): Explanation {
  const { text } = blanked;
  const { offset } = error;
  const found = describeToken(text, offset);
  const before = previousToken(text, offset);
  switch (printParseErrorCode(error.error)) {
    case 'InvalidEscapeCharacter':
      return {
        message:
          'expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u after a backslash, found another character',
        hint: 'Write each backslash twice, such as "C:\\\\log\\\\error.log", or use forward slashes.',
      };
    case 'InvalidUnicode':
      return { message: 'expected four hex digits after \\u', hint: 'Such as \\u00e9.' };
    case 'InvalidCharacter':
      return {
        message: 'expected printable characters, found a tab or another control character inside a string',
        hint: 'Write a tab as \\t.',
      };
    case 'UnexpectedEndOfString':
      return {
        message: 'expected a closing double quote, found the end of the line',
        hint: 'Add " at the end of the text.',
      };
    case 'UnexpectedEndOfNumber':
    case 'InvalidNumberFormat':
      return { message: 'expected a number, found an unfinished one', hint: 'Write it as 10 or 0.5.' };
    case 'ColonExpected':
      return { message: `expected ":" after the key, found ${found}`, hint: 'Write "key": value.' };
    case 'CommaExpected':
      if (text[offset] === '}' || text[offset] === ']') return unclosed(source, blanked, offset, found);
      if (before === offset - 1 && /[\d-]/.test(text[before] ?? '')) {
        return { message: 'expected a number without zeros in front', hint: 'Such as 80 for 080.' };
      }
      return {
        message: `expected a comma before ${found}`,
        hint: `Add a comma at the end of line ${source.locate(before).line}.`,
        treeIntact: true,
      };
    case 'CloseBraceExpected':
    case 'CloseBracketExpected':
      return unclosed(source, blanked, offset, found);
    case 'EndOfFileExpected':
      return {
        message: `expected the end of the file, found ${found}`,
        hint: /[\]},]/.test(text[offset] ?? '')
          ? 'A bracket is closed once too often, here or further up.'
          : 'The whole configuration is one object: { ... }.',
      };
    case 'PropertyNameExpected':
      return propertyName(text, offset, before, found);
    default:
      return value(source, blanked, offset, before, found);
  }
}

function propertyName(text: string, offset: number, before: number, found: string): Explanation {
  if (text[offset] === '}' && text[before] === ',') return trailingComma(before, '}');
  if (text[offset] === "'") return singleQuotes();
  if (isCurlyQuote(text[offset])) return curlyQuotes(offset);
  if (text[offset] === ',') {
    return { message: 'expected a key in double quotes, found a comma', hint: 'Remove this comma.' };
  }
  return {
    message: `expected a key in double quotes, found ${found}`,
    hint: wordAt(text, offset) === '' ? undefined : 'Put the key in double quotes.',
  };
}

function value(source: Source, blanked: Blanked, offset: number, before: number, found: string): Explanation {
  const { text } = blanked;
  const char = text[offset];
  if (char === undefined) return unclosed(source, blanked, offset, found);
  if (char === ']' && text[before] === ',') return trailingComma(before, ']');
  if (char === "'") return singleQuotes();
  if (isCurlyQuote(char)) return curlyQuotes(offset);
  if (char === '=') return { message: 'expected ":" after the key, found "="', hint: 'Write "key": value.' };
  if (startsEntry(text, before)) return propertyName(text, offset, before, found);
  if (char === ',') {
    const hint = text[before] === ':' ? undefined : 'Remove one of the commas.';
    return { message: 'expected a value, found a comma', hint };
  }
  if (text.slice(0, offset).trim() === '[' && tomlStart.exec(source.text.trimStart())?.index === 0) {
    return { message: `expected a value, found ${found}`, hint: tomlHint };
  }
  const word = wordAt(text, offset);
  const json = literals.get(word);
  if (json !== undefined) return { message: `expected a value, found ${found}`, hint: `Write ${json}.` };

  if (offset === 0 || text.slice(0, offset).trim() === '') {
    return { message: `expected "{", found ${found}`, hint: otherFormat(source.text.slice(offset)) };
  }
  return {
    message: `expected a value, found ${found}`,
    hint: word === '' ? undefined : 'Text must stand in double quotes.',
  };
}

/** Whether what follows `before` must be a key. */
function startsEntry(text: string, before: number): boolean {
  if (text[before] === '{') return true;
  const open = openBracketAt(text, before);
  return text[before] === ',' && open !== undefined && text[open] === '{';
}

/** What people write for JSON's three words. */
const literals: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['TRUE', 'true'],
  ['yes', 'true'],
  ['on', 'true'],
  ['False', 'false'],
  ['FALSE', 'false'],
  ['no', 'false'],
  ['off', 'false'],
  ['None', 'null'],
  ['Null', 'null'],
  ['NULL', 'null'],
  ['nil', 'null'],
  ['undefined', 'null'],
]);

const yamlHint = 'This looks like YAML: name the file .yaml, or say so with --format yaml.';
const tomlHint = 'This looks like TOML: name the file .toml, or say so with --format toml.';
/** `[log]`, `[[inbounds]]` or `key = ` at the beginning of the text. */
const tomlStart = /^(?:\[{1,2}[A-Za-z][\w.-]*\]{1,2}[ \t]*$|[\w.-]+[ \t]*=)/m;

/** For a text that is no JSON from its first character on. */
function otherFormat(text: string): string {
  if (/^[a-z]+:\/\//i.test(text)) return 'This is a link, not a configuration: `tsray connect` takes it.';
  if (/^[\w-]+\s*:/.test(text)) {
    return yamlHint;
  }
  if (tomlStart.exec(text)?.index === 0) return tomlHint;
  return 'The whole configuration is one object: { ... }.';
}

function trailingComma(offset: number, bracket: string): Explanation {
  return {
    offset,
    message: `expected no comma before "${bracket}"`,
    hint: 'Remove this comma.',
    treeIntact: true,
  };
}

function singleQuotes(): Explanation {
  return { message: 'expected double quotes, found a single quote', hint: 'JSON knows " only.' };
}

function curlyQuotes(offset: number): Explanation {
  return {
    offset,
    message: 'expected plain double quotes, found typographic ones',
    hint: 'Type " instead; a word processor has changed it.',
  };
}

/** Something stands, or the file ends, where the innermost bracket should have been closed. */
function unclosed(source: Source, blanked: Blanked, offset: number, found: string): Explanation {
  const open = openBracketAt(blanked.text, offset);
  if (open === undefined) return { message: `expected a value, found ${found}`, hint: undefined };
  const bracket = blanked.text[open] === '{' ? '}' : ']';
  return {
    message: `expected "${bracket}", found ${found}`,
    hint: `It closes the "${blanked.text[open]}" in line ${source.locate(open).line}.`,
  };
}

function isCurlyQuote(char: string | undefined): boolean {
  return char !== undefined && '\u201C\u201D\u201E\u201F\u2018\u2019\u00AB\u00BB'.includes(char);
}

/** Offset of the last character before `offset` that is no white space; −1 if there is none. */
function previousToken(text: string, offset: number): number {
  let at = offset - 1;
  while (at >= 0 && /\s/.test(text[at]!)) at -= 1;
  return at;
}

function wordAt(text: string, offset: number): string {
  return /^[A-Za-z_$][\w$]{0,30}/.exec(text.slice(offset, offset + 40))?.[0] ?? '';
}

/** What stands at `offset`, without quoting words: they might be secrets. */
function describeToken(text: string, offset: number): string {
  const char = text[offset];
  if (char === undefined) return 'the end of the file';
  if (char === '"') return 'a string';
  if (/[0-9]/.test(char)) return 'a number';
  if (wordAt(text, offset) !== '') return 'a word without quotes';
  return JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
}
