/** What is to be opened for a client, with what sniffing made of its request. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { RouteQuery, Sniffed } from '../../contract/route-query.js';
import type { Sniffing } from '../../contract/sniffer.js';

export interface Wanted {
  /** What the outbound gets. */
  readonly context: ConnContext;
  /** What rules look at. */
  readonly query: RouteQuery;
  /** What the access log shows: the target as the client named it. */
  readonly told: ConnContext;
}

export function plainly(context: ConnContext): Wanted {
  return { context, query: context, told: context };
}

/** What the bytes told, with the name that the address told: a fake address stands for one name, whatever the bytes say. */
export function merged(content: Sniffed | undefined, metadata: Sniffed | undefined): Sniffed | undefined {
  if (content === undefined || metadata?.domain === undefined) return content ?? metadata;
  return { ...content, domain: metadata.domain, domainProtocol: metadata.protocol };
}

export function withSniffed(told: ConnContext, sniffed: Sniffed | undefined, sniffing: Sniffing): Wanted {
  if (sniffed === undefined) return plainly(told);
  const context = { ...told, sniffed };
  const { domain, domainProtocol = sniffed.protocol } = sniffed;
  if (domain === undefined || !sniffing.overrides(sniffed, told.destination.address))
    return { context, query: context, told };
  const destination = { ...told.destination, address: { kind: 'domain', host: domain } as const };
  const named = { ...context, destination };
  // Nobody is reached at a fake address.
  const onlyRules = sniffing.routeOnly && domainProtocol !== 'fakedns';
  return { context: onlyRules ? context : named, query: named, told };
}
