/** Names that an outbound dials, by the DNS client (`domainStrategy` of an outbound, of v2ray 5). */
import type { AddressFamily, Resolver } from '../contract/dns.js';
import { TsrayError } from '../core/errors.js';

const families = { UseIP: 'any', UseIPv4: 'ipv4', UseIPv6: 'ipv6' } as const;

/**
 * Asks `dns`, and `system` if that has no address: questions may have to take the very outbound whose server is to be
 * found.
 */
export function createDialResolver(
  strategy: keyof typeof families,
  dns: Resolver,
  system: Resolver,
): Resolver {
  return {
    async resolve(name, family, signal) {
      const wanted: AddressFamily = family === 'any' ? families[strategy] : family;
      try {
        return await dns.resolve(name, wanted, signal);
      } catch (error) {
        if (!(error instanceof TsrayError && error.code === 'ERR_DNS')) throw error;
        return system.resolve(name, family, signal);
      }
    },
  };
}
