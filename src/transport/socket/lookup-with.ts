/** A Resolver of ours as the `lookup` option of `net.connect` and `tls.connect`. */
import type { LookupFunction } from 'node:net';
import type { AddressFamily, Resolver } from '../../contract/dns.js';

export function lookupWith(resolver: Resolver): LookupFunction {
  return (name, options, callback) => {
    resolver.resolve(name, familyOf(options.family)).then(
      (found) => {
        const addresses = found.map(({ host, kind }) => ({ address: host, family: kind === 'ipv6' ? 6 : 4 }));
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first!.address, first!.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/** Node has had numbers and words for it. */
function familyOf(family: number | string | undefined): AddressFamily {
  if (family === 4 || family === 'IPv4') return 'ipv4';
  return family === 6 || family === 'IPv6' ? 'ipv6' : 'any';
}
