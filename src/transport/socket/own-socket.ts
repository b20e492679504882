/**
 * Sockets with options that Node cannot set: the firewall's mark, and addresses that are not this machine's. The addon
 * makes the socket; Node then takes its descriptor. Linux only.
 */
import { getSystemErrorName } from 'node:util';
import { TsrayError } from '../../core/errors.js';
import {
  type Address,
  addressBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  parseAddress,
} from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { NativeAddon } from '../../native/addon.js';
import { loadNative } from '../../native/load.js';

export interface OwnSocketOptions {
  /** SO_MARK: 1 … 2^32 - 1; absent: none. */
  readonly mark?: number;
  /** IP_TRANSPARENT: connections and packets for other machines' addresses, led here by the firewall. */
  readonly transparent?: boolean;
  /** SO_REUSEPORT: the sockets that have it share a port, and the kernel spreads connections among those that listen. */
  readonly reusePort?: boolean;
}

/** Bits of `openSocket`, as `enum socket_flag`. */
export const socketFlag = {
  datagram: 1,
  bind: 2,
  transparent: 4,
  /** Datagrams come with the address they were sent to. */
  original: 8,
  dualStack: 16,
  reuse: 32,
  reusePort: 64,
} as const;

/** Throws ERR_CONFIG_UNSUPPORTED where there is no way to do what `key` asks for. */
export function socketAddon(key: string): NativeAddon {
  if (process.platform !== 'linux') {
    throw new TsrayError('ERR_CONFIG_UNSUPPORTED', `${key} works on Linux only`);
  }
  const native = loadNative();
  if (native.addon !== undefined) return native.addon;
  throw new TsrayError(
    'ERR_CONFIG_UNSUPPORTED',
    `${key} needs tsray's addon, which Node.js has no substitute for; the addon is ${native.reason}`,
    { hint: 'Install a C compiler and run "npm rebuild tsray".' },
  );
}

/** Throws as `socketAddon` if the options ask for something that cannot be done here. */
export function examineOwnSocket({ mark, reusePort, transparent }: OwnSocketOptions): void {
  if (mark !== undefined) socketAddon('"sockopt.mark"');
  if (transparent === true) socketAddon('"sockopt.tproxy"');
  if (reusePort === true) socketAddon('"workers"');
}

export function asksForOwnSocket({ mark, reusePort, transparent }: OwnSocketOptions): boolean {
  return mark !== undefined || reusePort === true || transparent === true;
}

/** A descriptor, which the caller owns. Throws what Node would: an error with a `code`. */
export function openOwnSocket(address: Address, port: number, options: OwnSocketOptions, flags = 0): number {
  const all =
    flags |
    (options.transparent === true ? socketFlag.transparent : 0) |
    (options.reusePort === true ? socketFlag.reusePort : 0);
  const bytes = addressBytes(address) ?? new Uint8Array(4);
  const fd = socketAddon('"sockopt"').openSocket(bytes, port, options.mark ?? 0, all);
  if (fd >= 0) return fd;
  throw systemError(fd, 'socket');
}

/** A bound TCP socket that does not listen yet, as `openOwnSocket`; `::` is all addresses of both families. */
export function bindStreamSocket(
  { host, port }: { readonly host: string; readonly port: number },
  options: OwnSocketOptions,
): number {
  const { bind, dualStack, reuse } = socketFlag;
  return openOwnSocket(parseAddress(host), port, options, bind | reuse | (host === '::' ? dualStack : 0));
}

function systemError(negative: number, call: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(negative);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: negative, syscall: call });
}

const found = new Uint8Array(18);

/** Where an accepted connection was to go before the firewall's REDIRECT; undefined if it was not redirected. */
export function redirectedFrom(fd: number): Destination | undefined {
  const family = socketAddon('"followRedirect"').originalDestination(fd, found);
  if (family < 0) return undefined;
  const address = family === 4 ? ipv4FromBytes(found.subarray(0, 4)) : ipv6FromBytes(found.subarray(0, 16));
  return { network: 'tcp', address, port: (found[16]! << 8) | found[17]! };
}
