/** `settings` of the dns outbound. */
import * as v from 'valibot';
import { parseAddress } from '../../../core/net/address.js';
import type { DnsOutboundSettings, OtherQueries } from '../../../proxy/dns/settings.js';
import { section } from '../section.js';
import { addressText, level, targetPort, unsupported, whole, words } from '../types.js';

const networks = words(['tcp', 'udp'], {
  unsupported: {
    'tcp,udp': 'a dns outbound sends on by one network: leave "network" out for that of the client',
  },
});

export const dnsOutboundSchema = v.object(
  {
    network: v.optional(networks),
    address: v.optional(addressText),
    port: v.optional(targetPort),
    userLevel: v.optional(level, 0),
    // Of Xray; `skip` is what V2Ray 4.34 does.
    nonIPQuery: v.optional(words(['skip', 'reject', 'drop']), 'skip'),
    blockTypes: v.optional(v.array(whole(0, 65535, 'the number of a record type'), 'a list of numbers'), []),
    rewriteNetwork: v.optional(networks),
    rewriteAddress: v.optional(addressText),
    rewritePort: v.optional(targetPort),
    rules: unsupported('rules of a dns outbound are not supported by tsray yet'),
  },
  'an object',
);

const otherQueries: Readonly<Record<'skip' | 'reject' | 'drop', OtherQueries>> = {
  skip: 'forward',
  reject: 'refuse',
  drop: 'drop',
};

export const dnsOutbound = section(dnsOutboundSchema, (value): DnsOutboundSettings => {
  const network = value.network ?? value.rewriteNetwork;
  const address = value.address ?? value.rewriteAddress;
  const port = value.port ?? value.rewritePort;
  return {
    ...(network === undefined ? {} : { network }),
    ...(address === undefined ? {} : { address: parseAddress(address) }),
    ...(port === undefined ? {} : { port }),
    userLevel: value.userLevel,
    otherQueries: otherQueries[value.nonIPQuery],
    blockedTypes: value.blockTypes,
  };
});
