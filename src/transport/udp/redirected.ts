/**
 * Datagrams that the firewall's TPROXY led here. Node does not tell where a datagram was to go, so that the addon
 * receives them (IP_RECVORIGDSTADDR). Linux only.
 */
import { closeSync } from 'node:fs';
import type { BindRedirected, RedirectedPackets } from '../../contract/transport.js';
import { contain, ended } from '../../core/contain.js';
import { formatHostPort, ipv4FromBytes, ipv6FromBytes, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { NativeAddon, NativePollerHandle } from '../../native/addon.js';
import { listenError } from '../socket/listen-error.js';
import { isOwnAddress } from '../socket/own-address.js';
import { type OwnSocketOptions, openOwnSocket, socketAddon, socketFlag } from '../socket/own-socket.js';
import { ReplySockets } from './reply-sockets.js';

/** Received before others of the process have their turn. */
const maxBatch = 64;

/** The layout of `receive`. */
const at = { sourceAddress: 2, targetAddress: 18, sourcePort: 34, targetPort: 36, end: 38 } as const;

/** Lent to whoever is told of a datagram; large enough for each. */
const buffer = new Uint8Array(65_536);
const told = new Uint8Array(at.end);

/** `0.0.0.0` and `::` are all addresses of both families, as for TCP; port 0 is any free port. Throws ERR_LISTEN, ERR_CONFIG_UNSUPPORTED. */
export function redirectedBinder(options: OwnSocketOptions): BindRedirected {
  return (host, port) => {
    const addon = socketAddon('"followRedirect" with UDP');
    const fd = openListener(host, port, options);
    return new RedirectedSocket(addon, fd, options, {
      network: 'udp',
      address: parseAddress(host),
      port: port === 0 ? addon.localPort(fd) : port,
    });
  };
}

function openListener(host: string, port: number, options: OwnSocketOptions): number {
  const { bind, datagram, dualStack, original } = socketFlag;
  const open = (place: string, extra: number): number =>
    openOwnSocket(
      parseAddress(place),
      port,
      { ...options, transparent: true },
      bind | datagram | original | extra,
    );
  const everywhere = host === '0.0.0.0' || host === '::';
  try {
    if (!everywhere) return open(host, 0);
    try {
      return open('::', dualStack);
    } catch (error) {
      // A machine without IPv6.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
      return open('0.0.0.0', 0);
    }
  } catch (error) {
    throw listenError(`${formatHostPort(host, port)} (UDP)`, false, error as NodeJS.ErrnoException);
  }
}

class RedirectedSocket implements RedirectedPackets {
  readonly local: Destination;
  readonly #addon: NativeAddon;
  readonly #fd: number;
  readonly #replies: ReplySockets;
  /** Undefined: not started, or closed. */
  #poller: NativePollerHandle | undefined;
  #state: 'idle' | 'receiving' | 'closed' = 'idle';
  /** Targets mostly repeat, and to know one's own addresses costs a question to the system. */
  #lastOwn: { readonly host: string; readonly own: boolean } | undefined;

  constructor(addon: NativeAddon, fd: number, options: OwnSocketOptions, local: Destination) {
    this.#addon = addon;
    this.#fd = fd;
    this.#replies = new ReplySockets(addon, options);
    this.local = local;
  }

  start(received: (bytes: Uint8Array, source: Destination, target: Destination | undefined) => void): void {
    if (this.#state !== 'idle') return;
    this.#state = 'receiving';
    const one = contain(ended, (bytes: number): void => this.#told(bytes, received));
    this.#poller = this.#addon.pollOpen(this.#fd, () => {
      for (let count = 0; count < maxBatch && this.#state === 'receiving'; count += 1) {
        const bytes = this.#addon.receive(this.#fd, buffer, told);
        // Nothing is left; other errors belong to single datagrams, and the kernel calls again.
        if (bytes < 0) return;
        one(bytes);
      }
    });
  }

  send(bytes: Uint8Array, from: Destination, to: Destination): boolean {
    return this.#state !== 'closed' && this.#replies.send(bytes, from, to);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#poller !== undefined) this.#addon.pollClose(this.#poller);
    this.#poller = undefined;
    closeSync(this.#fd);
    this.#replies.close();
  }

  #told(
    bytes: number,
    received: (bytes: Uint8Array, source: Destination, target: Destination | undefined) => void,
  ): void {
    const source = endpoint(told[0]!, at.sourceAddress, at.sourcePort);
    // Nobody can be answered at port 0.
    if (source === undefined || source.port === 0) return;
    const target = endpoint(told[1]!, at.targetAddress, at.targetPort);
    received(buffer.subarray(0, bytes), source, this.#isLoop(target) ? undefined : target);
  }

  /** What is sent to the port itself would be sent to it again, without end. */
  #isLoop(target: Destination | undefined): boolean {
    if (target === undefined || target.port !== this.local.port) return false;
    const { address } = target;
    if (this.#lastOwn?.host !== address.host)
      this.#lastOwn = { host: address.host, own: isOwnAddress(address) };
    return this.#lastOwn.own;
  }
}

function endpoint(family: number, addressAt: number, portAt: number): Destination | undefined {
  if (family !== 4 && family !== 6) return undefined;
  const bytes = told.subarray(addressAt, addressAt + (family === 4 ? 4 : 16));
  const address = family === 4 ? ipv4FromBytes(bytes) : ipv6FromBytes(bytes);
  return { network: 'udp', address, port: (told[portAt]! << 8) | told[portAt + 1]! };
}
