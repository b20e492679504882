/**
 * Value types of V2Ray's JSON as valibot schemas. By convention a schema's message continues `expected …`. Nothing here
 * transforms: a schema is the shape of what users write, and `build` functions make settings of it.
 */
import * as v from 'valibot';
import { type Notes, noted } from '../check/notes.js';
import type { Deprecation } from '../deprecation.js';
import { oneOf } from '../did-you-mean.js';
import { adviseAddress, isAddress, isIp } from '../values/address.js';
import { adviseNetworks, parseNetworks } from '../values/networks.js';
import { advisePorts, isPortText, parsePortList } from '../values/ports.js';

export const text = v.string('a string');
export const flag = v.boolean('true or false');

/** A whole number of a range. */
export function whole(
  minimum: number,
  maximum: number,
  expected = `a whole number from ${minimum} to ${maximum}`,
) {
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  );
}

export const level = whole(0, 255, 'a user level from 0 to 255');
export const alterId = whole(0, 65535);
/** Up to Go's largest uint32. */
export const seconds = whole(0, 0xffff_ffff, 'a whole number of seconds');
export const targetPort = whole(1, 65535, 'a port from 1 to 65535');

/** A string that `valid` accepts. `advise` says what to do about one it does not. */
export function checkedText(expected: string, valid: (given: string) => boolean, notes: Notes = {}) {
  return noted(v.pipe(v.string(expected), v.check(valid, expected)), notes);
}

const portsExpected = 'a port from 0 to 65535, a range such as "1000-1005", or "env:NAME"';

/** V2Ray's PortRange. */
export const portRange = v.union(
  [whole(0, 65535, portsExpected), checkedText(portsExpected, isPortText, { advise: advisePorts })],
  portsExpected,
);

const portListExpected = 'a port from 0 to 65535, or ports and ranges such as "53,443,1000-2000"';

/** V2Ray's PortList. `parsePortList` reads its text. */
export const portList = v.union(
  [
    whole(0, 65535, portListExpected),
    checkedText(portListExpected, (given) => parsePortList(given) !== undefined),
  ],
  portListExpected,
);

const networksExpected = '"tcp", "udp" or "tcp,udp"';

/** V2Ray's NetworkList: a list, or one string with commas. */
export const networkList = v.union(
  [
    v.pipe(
      v.array(
        checkedText('"tcp" or "udp"', (item) => parseNetworks(item)?.length === 1, {
          advise: (item) =>
            item.includes(',') ? 'Write one word each: ["tcp", "udp"].' : adviseNetworks(item),
        }),
        networksExpected,
      ),
      v.minLength(1, networksExpected),
    ),
    checkedText(networksExpected, (list) => parseNetworks(list) !== undefined, { advise: adviseNetworks }),
  ],
  networksExpected,
);

export const addressHint = 'For example "address": "example.com".';

/** An IP address or a name to connect to. */
export const addressText = checkedText('an IP address or a domain name', isAddress, {
  advise: adviseAddress,
  missingHint: addressHint,
});

export const ipText = checkedText('an IP address', isIp, { advise: adviseAddress });

export interface WordOptions {
  /** Other spellings (in any case) → the word they stand for. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Words tsray does not do (in any case) → what to say about them. */
  readonly unsupported?: Readonly<Record<string, string>>;
  readonly exactCase?: boolean;
  readonly essential?: true;
}

/** One of a few words, in any case. */
export function words<const TWords extends readonly string[]>(list: TWords, options: WordOptions = {}) {
  const notes: Notes = {
    words: {
      aliases: lowerKeys(options.aliases ?? {}),
      unsupported: lowerKeys(options.unsupported ?? {}),
      exactCase: options.exactCase === true,
    },
    ...(options.essential ? { essential: true as const } : {}),
  };
  return noted(v.picklist(list, oneOf(list)), notes);
}

function lowerKeys(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key.toLowerCase(), value]));
}

/** The same statement for several words. */
export function each(list: readonly string[], statement: (word: string) => string): Record<string, string> {
  return Object.fromEntries(list.map((word) => [word, statement(word)]));
}

/** A password: no message shows it. */
export const password = noted(v.string('a string'), { secret: true });

/** A key tsray does nothing with, refused unless its value asks for nothing. */
export function unsupported(
  message: string,
  options: { harmless?: (value: unknown) => boolean; essential?: true; comfort?: true } = {},
) {
  const { comfort, essential, harmless } = options;
  return v.optional(
    noted(v.unknown(), {
      unsupported: {
        message,
        ...(harmless === undefined ? {} : { harmless }),
        ...(comfort ? { comfort } : {}),
      },
      ...(essential ? { essential } : {}),
    }),
  );
}

/** A key of V2Ray's that is read by nothing, and does no harm. */
export const ignored = v.optional(v.unknown());

/** A member that is checked on its own, by a schema that its neighbours choose. */
export const opaque = v.optional(noted(v.unknown(), { opaque: true }));

export function deprecated<const TSchema extends v.GenericSchema>(schema: TSchema, deprecation: Deprecation) {
  return v.optional(noted(schema, { deprecated: deprecation }));
}

const listExpected = 'a list of strings, or one string with commas';

/** V2Ray's StringList. `itemsOf` gives its items. */
export const stringList = v.union([v.array(text, listExpected), v.string(listExpected)], listExpected);

/** The items of a `stringList`, trimmed, without empty ones. */
export function itemsOf(list: readonly string[] | string | undefined): readonly string[] {
  const items = typeof list === 'string' ? list.split(',') : (list ?? []);
  return items.map((item) => item.trim()).filter((item) => item !== '');
}
