/** Matchers against naive ones, which go through all items one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainItem } from '../../../src/app/router/domain-item.js';
import { createDomainMatcher } from '../../../src/app/router/match/domain.js';
import { domainNameOf } from '../../../src/app/router/match/domain-name.js';
import { DomainTable } from '../../../src/app/router/match/domain-table.js';
import { type IpNumber, ipNumberOf } from '../../../src/app/router/match/ip-number.js';
import { IpRangesBuilder } from '../../../src/app/router/match/ip-ranges.js';
import { Keywords } from '../../../src/app/router/match/keywords.js';
import { createPortMatcher } from '../../../src/app/router/match/port.js';
import { ipv4FromBytes, ipv6FromBytes } from '../../../src/core/net/address.js';
import { noGeo } from '../../helper/geo.js';

/** Few letters, so that names meet each other. */
const label = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-'), minLength: 1, maxLength: 3 });
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const kind = fc.constantFrom('domain', 'full', 'keyword');
const item = fc.record({ kind, value: name }) as fc.Arbitrary<
  Extract<DomainItem, { kind: 'domain' | 'full' | 'keyword' }>
>;

function naive(
  { kind: what, value }: { readonly kind: string; readonly value: string },
  host: string,
): boolean {
  if (what === 'full') return host === value;
  if (what === 'keyword') return host.includes(value);
  return host === value || host.endsWith(`.${value}`);
}

test('names, suffixes and keywords', () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 40 }),
      fc.array(name, { minLength: 1, maxLength: 20 }),
      (items, hosts) => {
        const matcher = createDomainMatcher(items, noGeo);
        for (const host of hosts) {
          const expected = items.some((each) => naive(each, host));
          assert.equal(matcher.matches(domainNameOf(host)), expected, host);
          assert.equal(matcher.find(domainNameOf(`${host.toUpperCase()}.`)) !== undefined, expected, host);
        }
      },
    ),
  );
});

test('a table says which entry matched, the longest first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ kind: fc.constantFrom('domain' as const, 'full' as const), value: name })),
      name,
      (items, host) => {
        const table = new DomainTable();
        for (const { kind: what, value } of items) table.add(what, value);
        table.shrink();
        const hits = items.filter((each) => naive(each, host)).map(({ value }) => value.length);
        const found = table.find(host);
        assert.equal(found?.replace(/^\w+:/, '').length, hits.length === 0 ? undefined : Math.max(...hits));
        assert.equal(table.has(host), hits.length > 0);
        assert.equal(table.size, new Set(items.map(({ value }) => value)).size);
      },
    ),
  );
});

test('many keywords', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 9, maxLength: 60 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 30 }),
      (keywords, host) => {
        const expected = keywords.some((keyword) => host.includes(keyword));
        assert.equal(new Keywords(keywords).has(host), expected);
        assert.equal(new Keywords(keywords).find(host) !== undefined, expected);
      },
    ),
  );
});

/** Few different bits, so that ranges nest and touch. */
const byte = fc.constantFrom(0, 1, 2, 127, 128, 254, 255);
const v4 = fc
  .array(byte, { minLength: 4, maxLength: 4 })
  .map((bytes) => ipNumberOf(ipv4FromBytes(Uint8Array.from(bytes))));
const v6 = fc
  .array(byte, { minLength: 15, maxLength: 15 })
  .map((bytes) => ipNumberOf(ipv6FromBytes(Uint8Array.from([0x20, ...bytes]))));

function bitsOf({ words }: IpNumber): string {
  return words.map((word) => word.toString(2).padStart(32, '0')).join('');
}

const prefix = fc.oneof(
  fc.record({ base: v4, bits: fc.integer({ min: 0, max: 32 }) }),
  fc.record({ base: v6, bits: fc.integer({ min: 0, max: 128 }) }),
);

test('ranges of addresses, nested and in any order', () => {
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 40 }),
      fc.array(fc.oneof(v4, v6), { minLength: 1, maxLength: 20 }),
      (prefixes, addresses) => {
        const builder = new IpRangesBuilder();
        for (const { base, bits } of prefixes) builder.add(base, bits);
        const ranges = builder.build();
        assert.ok(ranges.size <= prefixes.length);
        for (const address of addresses) {
          const expected = prefixes.some(
            ({ base, bits }) =>
              base.family === address.family &&
              bitsOf(base).slice(0, bits) === bitsOf(address).slice(0, bits),
          );
          assert.equal(ranges.has(address), expected);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('ports', () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const span = fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), port, (spans, wanted) => {
      const expected = spans.some(({ from, to }) => wanted >= from && wanted <= to);
      assert.equal(createPortMatcher(spans)(wanted), expected);
    }),
  );
});
