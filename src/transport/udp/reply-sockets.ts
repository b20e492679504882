/** Sockets that answer in the name of other machines: each is bound to the address that a client believes it talks to. */
import { closeSync } from 'node:fs';
import { type Address, addressBytes } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { NativeAddon } from '../../native/addon.js';
import { type OwnSocketOptions, openOwnSocket, socketFlag } from '../socket/own-socket.js';

/** Open at once; a further one takes the place of the one quiet for longest. */
const maxSockets = 256;

export class ReplySockets {
  readonly #addon: NativeAddon;
  readonly #options: OwnSocketOptions;
  /** Descriptors by address and port, the one quiet for longest first. */
  readonly #open = new Map<string, number>();

  constructor(addon: NativeAddon, options: OwnSocketOptions) {
    this.#addon = addon;
    this.#options = { ...options, transparent: true };
  }

  /** Sends a lent datagram to `to` as if it came from `from`; both are IP addresses of one family. False: dropped. */
  send(bytes: Uint8Array, from: Destination, to: Destination): boolean {
    const target = addressBytes(to.address);
    if (target === undefined || from.address.kind !== to.address.kind) return false;
    const fd = this.#socketOf(from.address, from.port);
    return fd !== undefined && this.#addon.sendTo(fd, bytes, target, to.port) === bytes.length;
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #socketOf(address: Address, port: number): number | undefined {
    const key = `${address.host} ${port}`;
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    try {
      const { bind, datagram, reuse } = socketFlag;
      const fd = openOwnSocket(address, port, this.#options, datagram | bind | reuse);
      this.#open.set(key, fd);
      if (this.#open.size > maxSockets) this.#evict();
      return fd;
    } catch {
      // A server of this machine has the address to itself, or descriptors have run out: one datagram is lost.
      return undefined;
    }
  }

  #evict(): void {
    for (const [key, fd] of this.#open) {
      this.#open.delete(key);
      closeSync(fd);
      return;
    }
  }
}
