/**
 * What may be sent to an address that may be somebody else's: three times what came from there, as RFC 9000 section 8.1
 * has it. Otherwise a server could be made to flood a third party. Counted with the heads of IP and UDP and without,
 * since short datagrams are mostly heads. Pure.
 */

const factor = 3;

/** IPv4 and UDP. */
const headBytes = 28;

export class SendAllowance {
  #leftBytes = 0;
  #leftWithHeadsBytes = 0;

  /** How long the next datagram may be. */
  get leftBytes(): number {
    return Math.min(this.#leftBytes, this.#leftWithHeadsBytes - headBytes);
  }

  /** A datagram of so many bytes came from there. */
  received(bytes: number): void {
    this.#leftBytes += factor * bytes;
    this.#leftWithHeadsBytes += factor * (bytes + headBytes);
  }

  /** Whether a datagram of so many bytes may be sent; it counts as sent then. */
  take(bytes: number): boolean {
    if (bytes > this.leftBytes) return false;
    this.#leftBytes -= bytes;
    this.#leftWithHeadsBytes -= bytes + headBytes;
    return true;
  }

  /** The address is whose it says, or its owner is known: no bound any more. */
  lift(): void {
    this.#leftBytes = Number.POSITIVE_INFINITY;
    this.#leftWithHeadsBytes = Number.POSITIVE_INFINITY;
  }
}
