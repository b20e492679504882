/**
 * What may be sent to an address that may be somebody else's: three times what came from there, as RFC 9000 section 8.1
 * has it. Otherwise a server could be made to flood a third party. Counted with the heads of IP and UDP and without,
 * since short datagrams are mostly heads. Pure.
 */

const factor = 3;

/** IPv4 and UDP. */
const headBytes = 28;

/** A ClientHello is longer; what is shorter does not ask for a certificate. */
const helloBytes = 200;

export class SendAllowance {
  #leftBytes = 0;
  #leftWithHeadsBytes = 0;
  #receivedBytes = 0;
  #flightBytes: number;

  /**
   * `flightBytes`: what may be sent besides, once as much as a ClientHello came: a TLS server answers it with its
   * certificates, long before anybody can be let in.
   */
  constructor(flightBytes = 0) {
    this.#flightBytes = flightBytes;
  }

  /** How long the next datagram may be. */
  get leftBytes(): number {
    return Math.min(this.#leftBytes, this.#leftWithHeadsBytes - headBytes);
  }

  /** A datagram of so many bytes came from there. */
  received(bytes: number): void {
    this.#leftBytes += factor * bytes;
    this.#leftWithHeadsBytes += factor * (bytes + headBytes);
    this.#receivedBytes += bytes;
    if (this.#flightBytes === 0 || this.#receivedBytes < helloBytes) return;
    this.#leftBytes += this.#flightBytes;
    this.#leftWithHeadsBytes += this.#flightBytes;
    this.#flightBytes = 0;
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
