/**
 * Xray's `finalRules` of freedom: which addresses it may reach, decided on the address that is really dialed. The first
 * rule that matches counts. Pure.
 */
import { TsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import type { Network } from '../../core/net/destination.js';
import { isPrivateAddress } from '../../core/net/private-address.js';

export interface FinalRule {
  readonly action: 'allow' | 'block';
  /** Undefined: any. */
  readonly networks?: readonly Network[];
  /** Ranges, ends included. Undefined: any port. */
  readonly ports?: readonly { readonly from: number; readonly to: number }[];
  /** Whether it is about an IP address; undefined: about any. */
  readonly matches?: (address: Address) => boolean;
  /** Of data files, to be had by `withLists`: the rule is about an address in one of them too. */
  readonly lists?: readonly AddressList[];
}

/** A list of addresses in a data file, such as `cn` of `geoip.dat`. */
export interface AddressList {
  readonly file: string;
  readonly code: string;
  /** Everything else is meant. */
  readonly inverse: boolean;
}

/** Whether an IP address is in a list. Throws ERR_CONFIG_GEO for a list that cannot be had. */
export type FindAddressList = (list: AddressList) => (address: Address) => boolean;

/** The rules with their lists read. Throws what `find` does, and ERR_CONFIG_UNSUPPORTED where there are no data files. */
export function withLists(
  rules: readonly FinalRule[],
  find: FindAddressList | undefined,
): readonly FinalRule[] {
  return rules.map((rule) => {
    const { lists = [], matches, ...others } = rule;
    if (lists.length === 0) return rule;
    if (find === undefined) {
      throw new TsrayError('ERR_CONFIG_UNSUPPORTED', 'lists of data files in finalRules are for tsray run');
    }
    const found = lists.map((list) => {
      const has = find(list);
      return (address: Address) => has(address) !== list.inverse;
    });
    return {
      ...others,
      matches: (address) => matches?.(address) === true || found.some((has) => has(address)),
    };
  });
}

/** One connection or packet, with the IP address that it goes to. */
export interface Reached {
  readonly network: Network;
  readonly address: Address;
  readonly port: number;
  /**
   * It came in by VMess, from somebody who is not on this machine: what no rule decides may not reach private addresses
   * then, as in Xray.
   */
  readonly remote: boolean;
}

/** Lists have been read by `withLists`; a rule with one that has not is about no address. */
export function mayReach(rules: readonly FinalRule[], reached: Reached): boolean {
  const { address, network, port } = reached;
  const rule = rules.find(
    ({ lists, matches, networks, ports }) =>
      (networks === undefined || networks.includes(network)) &&
      (ports === undefined || ports.some(({ from, to }) => from <= port && port <= to)) &&
      (matches === undefined ? lists === undefined : matches(address)),
  );
  if (rule !== undefined) return rule.action === 'allow';
  return !(reached.remote && isPrivateAddress(address));
}

/** Whether the first rule lets everything pass, so that names need not be looked up to decide. */
export function allowsAll([first]: readonly FinalRule[]): boolean {
  return (
    first?.action === 'allow' &&
    first.networks === undefined &&
    first.ports === undefined &&
    first.matches === undefined &&
    first.lists === undefined
  );
}
