/** `dns` and `fakedns` */
import * as v from 'valibot';
import type { DnsSettings } from '../../../app/dns/settings.js';
import { parseAddress } from '../../../core/net/address.js';
import type { Checker } from '../../check/checker.js';
import { inside, itemsAt, orEmptyObject, type Place } from '../../check/place.js';
import { flag, ignored, ipText, opaque, text, unsupported } from '../types.js';
import { defaultPools, readPools } from './fake-pools.js';
import { readHosts } from './hosts.js';
import { cacheOff, cacheStrategy, fallbackStrategy, queryStrategy, readServer } from './server.js';

export const dnsSchema = v.object(
  {
    servers: opaque,
    hosts: opaque,
    clientIp: v.optional(ipText),
    tag: v.optional(text, ''),
    queryStrategy: v.optional(queryStrategy, 'UseIP'),
    disableCache: v.optional(flag),
    cacheStrategy: v.optional(cacheStrategy),
    disableFallback: v.optional(flag),
    disableFallbackIfMatch: v.optional(flag),
    fallbackStrategy: v.optional(fallbackStrategy),
    fakedns: opaque,
    domainMatcher: ignored,
    useSystemHosts: unsupported(
      'useSystemHosts is not supported by tsray yet; a server "localhost" reads that file',
      {
        harmless: (value) => value === false,
      },
    ),
    // Of Xray: how fast answers come, not which.
    enableParallelQuery: ignored,
    serveStale: ignored,
    serveExpiredTTL: ignored,
  },
  'an object',
);

/** Undefined: neither key is there. `fakePlace`: the top level's `fakedns`. Faulty parts are left out, and reported. */
export function readDns(checker: Checker, place: Place, fakePlace: Place): DnsSettings | undefined {
  if (place.missing && fakePlace.missing) return undefined;
  const solid = orEmptyObject(place);
  const given = checker.check(dnsSchema, solid);
  const strategy = given?.queryStrategy ?? 'UseIP';
  const defaults = {
    clientIp: given?.clientIp === undefined ? undefined : parseAddress(given.clientIp),
    queryStrategy: strategy,
    disableCache: given === undefined ? false : (cacheOff(given) ?? false),
  };
  const read = serverPlaces(checker, inside(solid, 'servers')).map((each) =>
    readServer(checker, each, defaults),
  );
  const servers = read.flatMap((each) => each.servers);
  const hosts = readHosts(checker, inside(solid, 'hosts'));
  const pools = [
    ...readPools(checker, fakePlace),
    ...readPools(checker, inside(solid, 'fakedns')),
    ...read.flatMap((each) => each.fakePools),
  ];
  const usesFake = servers.some(({ at }) => at.kind === 'fake');
  const fallback = given?.fallbackStrategy;
  return {
    servers,
    hosts,
    tag: given?.tag ?? '',
    queryStrategy: strategy,
    disableFallback: given?.disableFallback ?? fallback === 'Disabled',
    disableFallbackIfMatch: given?.disableFallbackIfMatch ?? fallback === 'DisabledIfAnyMatch',
    fakePools: pools.length === 0 && usesFake ? defaultPools(strategy) : pools,
  };
}

function serverPlaces(checker: Checker, place: Place): Place[] {
  if (!place.missing && place.node.kind !== 'list') {
    checker.wrongValue(place, 'a list', 'Put it in brackets: [ ... ].', 'kind');
  }
  return itemsAt(place).filter(({ node }) => node.kind !== 'null');
}
