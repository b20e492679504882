/**
 * How much the engine holds of what a peer has sent and nobody has read. The engine does not tell: it is what came in
 * packets less what was read. Pure.
 */

/** Of a packet with data, at least: its first byte, ID and number, the tag, and the head of a STREAM frame. */
const packetOverheadBytes = 45;

export class InputBudget {
  #limitBytes: number;
  /** Of strangers every byte counts, data or not. */
  #overheadBytes = 0;
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get isOver(): boolean {
    return this.#heldBytes > this.#limitBytes;
  }

  /** The peer is no stranger any more. */
  admit(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#overheadBytes = packetOverheadBytes;
  }

  /** A packet of `bytes` bytes came. */
  received(bytes: number): void {
    this.#heldBytes += Math.max(0, bytes - this.#overheadBytes);
  }

  read(bytes: number): void {
    this.#heldBytes = Math.max(0, this.#heldBytes - bytes);
  }

  /**
   * Nothing is left to read. What was counted too much, such as what came twice, is forgotten, unless the peer is a
   * stranger: his streams may lack their beginnings.
   */
  emptied(): void {
    if (this.#overheadBytes > 0) this.#heldBytes = 0;
  }
}
