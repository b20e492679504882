/** Datagrams that wait while the way for them is being opened. */
import type { Destination } from '../net/destination.js';

/** What one session may have waiting: a burst of small ones, or the first flight of a fast sender. */
export const pendingPackets = 256;
export const pendingBytes = 512 * 1024;

/** What all sessions of the process may have waiting: many clients at once, each of whom may fill its own. */
const processBytes = 64 * 1024 * 1024;

/** What a datagram costs beside its payload. */
const overheadBytes = 256;

export interface PendingPacket {
  readonly bytes: Uint8Array;
  readonly destination: Destination;
}

/** The room of one session, which its queues share. */
export class PendingRoom {
  /** Memory is the process's, whatever runs in it. */
  static #processBytes = 0;
  #packets = 0;
  #bytes = 0;

  /** False: there is no room for so many bytes. */
  take(bytes: number): boolean {
    const cost = bytes + overheadBytes;
    if (this.#packets >= pendingPackets || this.#bytes + bytes > pendingBytes) return false;
    if (PendingRoom.#processBytes + cost > processBytes) return false;
    PendingRoom.#processBytes += cost;
    this.#packets += 1;
    this.#bytes += bytes;
    return true;
  }

  free(bytes: number): void {
    PendingRoom.#processBytes -= bytes + overheadBytes;
    this.#packets -= 1;
    this.#bytes -= bytes;
  }
}

export class PendingPackets {
  readonly #room: PendingRoom;
  #packets: PendingPacket[] = [];

  constructor(room = new PendingRoom()) {
    this.#room = room;
  }

  get length(): number {
    return this.#packets.length;
  }

  /** In their order. */
  get list(): readonly PendingPacket[] {
    return this.#packets;
  }

  /** Keeps a copy of a lent datagram. False: no room. */
  add(bytes: Uint8Array, destination: Destination): boolean {
    if (!this.#room.take(bytes.length)) return false;
    // Of a Buffer, `slice` would be a view.
    this.#packets.push({ bytes: new Uint8Array(bytes), destination });
    return true;
  }

  /** All of them, in their order; none wait any more. */
  takeAll(): readonly PendingPacket[] {
    const packets = this.#packets;
    this.#packets = [];
    for (const { bytes } of packets) this.#room.free(bytes.length);
    return packets;
  }
}
