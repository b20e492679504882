/** Whether an address is one of this machine's. */
import { networkInterfaces } from 'node:os';
import { type Address, parseAddress } from '../../core/net/address.js';

/** Asks the system: for rare questions only. */
export function isOwnAddress({ host, kind }: Address): boolean {
  if (host === '0.0.0.0' || host === '::' || host === '::1') return true;
  if (kind === 'ipv4' && host.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => parseAddress(address).host === host),
  );
}
