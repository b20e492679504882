/**
 * What may be sent to an address that may be somebody else's: three times what came from there, as RFC 9000 section 8.1
 * has it. Otherwise a server could be made to flood a third party. Pure.
 */

const factor = 3;

export class SendAllowance {
  #leftBytes = 0;

  /** How much may be sent now. */
  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** So many bytes came from there. */
  received(bytes: number): void {
    this.#leftBytes += factor * bytes;
  }

  /** Whether so many bytes may be sent; they count as sent then. */
  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false;
    this.#leftBytes -= bytes;
    return true;
  }

  /** The address is whose it says, or its owner is known: no bound any more. */
  lift(): void {
    this.#leftBytes = Number.POSITIVE_INFINITY;
  }
}
