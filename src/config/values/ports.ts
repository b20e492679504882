/** V2Ray's PortRange. */
import type { Checker } from '../check/checker.js';
import type { Place } from '../check/place.js';

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `"1000"` or `"1000-1005"`; undefined if it is neither, or runs backwards. */
export function parsePortRange(given: string): PortRange | undefined {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(given);
  if (parts === null) return undefined;
  const from = Number(parts[1]);
  const to = parts[2] === undefined ? from : Number(parts[2]);
  const valid = from <= to && to <= 65535 && (from > 0 || to === 0);
  return valid ? { from, to } : undefined;
}

/** V2Ray's PortList: ports and ranges with commas between them, blanks around them. Undefined if it is none. */
export function parsePortList(given: string): readonly PortRange[] | undefined {
  const ranges = given
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(parsePortRange);
  const valid = ranges.filter((range) => range !== undefined);
  return valid.length === ranges.length ? valid : undefined;
}

/** Whether a string is a PortRange; the contents of a variable are checked when it is read. */
export function isPortText(given: string): boolean {
  return /^env:./.test(given) || parsePortRange(given) !== undefined;
}

export function advisePorts(given: string): string | undefined {
  if (given.includes(',')) return 'Several single ports need an inbound each.';
  const [from, to] = given.split('-').map((part) => part.trim());
  if (!/^\d+$/.test(from ?? '')) return undefined;
  if (to === undefined) return given === from ? undefined : `Write it without spaces: "${from}".`;
  if (!/^\d+$/.test(to) || Number(to) > 65535) return undefined;
  if (Number(from) > Number(to)) return `Write the smaller port first: "${to}-${from}".`;
  if (Number(from) === 0) return 'A range starts at port 1 or above.';
  return `Write it without spaces: "${from}-${to}".`;
}

/** Every port of a valid `port` value; undefined after reporting that a variable is unset or wrong. */
export function readPorts(
  given: number | string,
  place: Place,
  checker: Checker,
): readonly number[] | undefined {
  if (typeof given === 'number') return [given];
  const variable = given.startsWith('env:') ? given.slice('env:'.length) : undefined;
  const text = variable === undefined ? given : variableOf(checker, variable);
  const range = text === undefined ? undefined : parsePortRange(text);
  if (range !== undefined) {
    return Array.from({ length: range.to - range.from + 1 }, (_, index) => range.from + index);
  }
  const expected = `the environment variable ${variable ?? ''} to hold a port or a range`;
  const found = text === undefined ? 'it unset' : JSON.stringify(text.slice(0, 40));
  const message = `expected ${expected}, found ${found}`;
  checker.error(place, 'ERR_CONFIG_VALUE', message, 'Set it to something like 1080 or 1000-1005.');
  return undefined;
}

function variableOf(checker: Checker, name: string): string | undefined {
  const { environment } = checker.options;
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}
