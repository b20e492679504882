/** v2rayN's form: base64 of a JSON object. */
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { withoutEnd } from '../../core/text/trim.js';
import { linkFault } from './fault.js';
import { LinkValues } from './values.js';

/** v2rayN's name → that of the URL form; others are the same in both. */
const renamed: Readonly<Record<string, string>> = {
  ps: 'name',
  add: 'address',
  aid: 'alterId',
  scy: 'encryption',
  net: 'type',
  type: 'headerType',
  tls: 'security',
};

/** Throws ERR_LINK if the text is no JSON object. */
export function readJsonForm(json: string): LinkValues {
  const object = parseObject(json);
  const given = new LinkValues();
  for (const [name, value] of Object.entries(object)) given.set(name, asText(value));
  return translate(given, Object.keys(object));
}

/** Comments, a comma at the end and raw control characters in strings are let pass: all have been seen. */
function parseObject(json: string): Readonly<Record<string, unknown>> {
  const errors: ParseError[] = [];
  const text = withoutEnd(json.replace(/^\uFEFF/, ''), '\0');
  // The parser calls itself for each level; a link has one.
  if (bracketsIn(text) > mostBrackets) throw malformed();
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const serious = errors.find(({ error }) => printParseErrorCode(error) !== 'InvalidCharacter');
  if (serious !== undefined || typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed();
  }
  return value as Readonly<Record<string, unknown>>;
}

/** A name may have some. */
const mostBrackets = 1000;

function bracketsIn(text: string): number {
  let count = 0;
  for (const character of text) if (character === '{' || character === '[') count += 1;
  return count;
}

function malformed(): Error {
  return linkFault(
    'expected a JSON object in the base64 of the link, found one that is not well-formed',
    'It may have been cut off when it was copied.',
  );
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(asText).join(',');
  return '';
}

function translate(given: LinkValues, names: readonly string[]): LinkValues {
  const values = new LinkValues();
  for (const name of names) values.set(renamed[name.toLowerCase()] ?? name, given.exact(name));
  const network = given.take('net').toLowerCase();
  const version = given.take('v');
  const host = given.take('host');
  const type = given.take('type').toLowerCase();
  const path = given.take('path');
  // Version 1 kept the path behind the host.
  const split = version === '2' || path !== '' ? -1 : host.indexOf(';');
  if (split >= 0) {
    values.set('host', host.slice(0, split));
    values.set('path', host.slice(split + 1));
  }
  if (network === 'kcp' || network === 'mkcp') {
    values.set('seed', given.exact('path'));
    values.set('path', '');
  } else if (network === 'quic') {
    values.set('quicSecurity', host);
    values.set('host', '');
    values.set('key', given.exact('path'));
    values.set('path', '');
  } else if (network === 'grpc' || network === 'gun') {
    values.set('mode', type);
    values.set('headerType', '');
  }
  return values;
}
