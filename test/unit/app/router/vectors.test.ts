/** Every observed routing decision; where tsray differs on purpose, it says why. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { GeoFiles } from '../../../../src/app/geo/geo-data.js';
import { parseExpression } from '../../../../src/app/router/attributes/parse.js';
import { createAttributesMatcher } from '../../../../src/app/router/match/attributes.js';
import { geoipBytes, geositeBytes, removeFolder, vectorFolder } from '../../../helper/geo.js';
import { MemoryLogger } from '../../../helper/memory-log.js';
import { queryTo, routerOf } from '../../../helper/routing.js';
import { routingVectors } from '../../../helper/routing-vectors.js';

const folder = vectorFolder();
after(() => removeFolder(folder));
// Of the real files as much as the cases ask for.
writeFileSync(join(folder, 'geosite.dat'), geositeBytes({ 'GEOLOCATION-!CN': [['domain', 'google.com']] }));
writeFileSync(
  join(folder, 'geoip-only-cn-private.dat'),
  geoipBytes({
    CN: [[[1, 0, 1, 0], 24]],
    PRIVATE: [
      [[10, 0, 0, 0], 8],
      [[192, 168, 0, 0], 16],
      [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128],
    ],
  }),
);
const geo = new GeoFiles([folder], new MemoryLogger());

type Expected = readonly string[] | 'START_ERROR';

/** Name of the case → what tsray does, where it is not what v2ray 5 does. */
const ours: Readonly<Record<string, Expected>> = {
  // Names are compared without case, and without one dot at the end.
  'domain upper rule': ['hit', 'hit', 'hit'],
  'domain lower rule': ['hit', 'hit', 'hit', 'default', 'hit'],
  'full lower rule': ['hit', 'hit', 'hit', 'default'],
  'domain: trailing-dot rule': ['hit', 'hit'],
  'plain upper': ['hit', 'hit'],
  'plain lower': ['hit', 'hit'],
  // Not even Xray's clients have to write it.
  'type missing': ['hit'],
  'ext-site': ['hit'],
  // A condition whose list has no such entries never matches, instead of widening the rule.
  'attr none matching + port': ['default'],
  'attr none matching only': ['default'],
  'attr @!cn literal': ['default'],
  // Xray's inverse forms.
  '!cidr': ['default', 'hit'],
  '!cidr + cidr': ['default', 'hit', 'hit'],
  'two inverted': ['default', 'hit'],
  'user regexp': ['hit'],
  'sourceIP key': ['hit'],
  // Both with a space and without.
  'network spaces': ['hit'],
  // A rule for an outbound that does not exist: the router names it, the dispatcher then takes the first.
  'unknown tag': ['nosuch'],
};

/** That a balancer does not exist shows when the whole configuration is checked. */
const elsewhere = ['unknown balancer'];

describe('observed decisions', () => {
  for (const { name, requests, results, rules } of routingVectors.routing.cases) {
    if (elsewhere.includes(name)) continue;
    const expected = ours[name] ?? results.v5;
    test(name, async () => {
      if (expected === 'START_ERROR') {
        assert.throws(() => routerOf({ rules }, { geo }));
        return;
      }
      const { router } = routerOf({ rules }, { geo });
      for (const [index, [host, port]] of requests.entries()) {
        // Refused by the inbound, before routing.
        if (results.v5[index] === 'refused') continue;
        const choice = await router.pick(queryTo(host, port, { user: { email: 'bob', level: 0 } }));
        assert.equal(choice.outboundTag ?? 'default', expected[index], `${host}:${port}`);
      }
    });
  }
});

/** What V2Ray's HTTP inbound gives rules to look at. */
const attributes: Readonly<Record<'GET' | 'POST' | 'CONNECT', ReadonlyMap<string, string> | undefined>> = {
  GET: new Map([
    [':method', 'GET'],
    [':path', '/path'],
    ['user-agent', 'Mozilla/5.0 X'],
    ['accept', 'a'],
    ['x-foo', 'Bar'],
  ]),
  POST: new Map([
    [':method', 'POST'],
    [':path', '/p'],
  ]),
  CONNECT: undefined,
};

describe('observed attributes', () => {
  for (const { attrs, results } of routingVectors.attrs.cases) {
    test(attrs, () => {
      if (attrs.includes('lambda')) {
        assert.throws(() => parseExpression(attrs), /functions of one's own/);
        return;
      }
      const matcher = createAttributesMatcher(attrs);
      for (const method of ['GET', 'POST', 'CONNECT'] as const) {
        assert.equal(matcher.matches(attributes[method]), results[method] === 'hit', method);
      }
    });
  }
});

test('without any folder a list says where it was looked for and where to get it', () => {
  const empty = mkdtempSync(join(tmpdir(), 'tsray-no-geo-'));
  try {
    const rules = [{ domain: ['geosite:cn'], outboundTag: 'hit' }];
    assert.throws(
      () => routerOf({ rules }, { geo: new GeoFiles([empty], new MemoryLogger()) }),
      (error: Error & { code?: string; hint?: string }) =>
        error.code === 'ERR_CONFIG_GEO' &&
        error.message.includes('routing.rules[0]') &&
        error.message.includes(empty) &&
        /domain-list-community/.test(error.hint ?? ''),
    );
  } finally {
    removeFolder(empty);
  }
});
