/**
 * Xray's `finalRules` of freedom: which addresses it may reach, decided on the address that is really dialed. The first
 * rule that matches counts. Pure.
 */
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

export function mayReach(rules: readonly FinalRule[], reached: Reached): boolean {
  const { address, network, port } = reached;
  const rule = rules.find(
    ({ matches, networks, ports }) =>
      (networks === undefined || networks.includes(network)) &&
      (ports === undefined || ports.some(({ from, to }) => from <= port && port <= to)) &&
      (matches === undefined || matches(address)),
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
    first.matches === undefined
  );
}
