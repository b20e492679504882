/** Sends the engine's packets, at the pace that the path takes. */
import type { EngineAddress, EngineConnection } from './engine.js';
import { Pacer } from './pacer.js';

/** Packets sent in one turn of the event loop; others have theirs in between, and peers' sockets keep up. */
const burst = 64;

/** How often the pace is looked at. */
const measureMs = 5;

export interface PacketFlowParts {
  readonly engine: EngineConnection;
  /** Where the engine writes packets; undefined: none may be sent now. */
  room(): Uint8Array | undefined;
  /** Sends the packet of `length` bytes at `room()`. */
  send(length: number, to: EngineAddress): void;
  /** A packet was sent. */
  sent(length: number, nowMs: number): void;
}

export class PacketFlow {
  readonly #parts: PacketFlowParts;
  readonly #pacer = new Pacer();
  #measuredMs = 0;
  /** The pace has held packets back. */
  isHeld = false;

  constructor(parts: PacketFlowParts) {
    this.#parts = parts;
  }

  measure(nowMs: number): void {
    if (nowMs - this.#measuredMs < measureMs) return;
    this.#measuredMs = nowMs;
    const path = this.#parts.engine.pathStats().find(({ active }) => active);
    if (path !== undefined) this.#pacer.measured(path.cwnd, path.rtt);
  }

  /** Sends what there is. True: that was not all, though more may leave at once. Throws what the engine throws. */
  flush(nowMs: number): boolean {
    const { engine, room, send, sent } = this.#parts;
    this.isHeld = false;
    for (let count = 0; count < burst; count += 1) {
      if (!this.#pacer.allows(nowMs)) {
        this.isHeld = true;
        return false;
      }
      const out = room();
      const made = out === undefined ? null : engine.send(out);
      if (made === null) return false;
      const [length, { to }] = made;
      this.#pacer.sent(length);
      sent(length, nowMs);
      send(length, to);
    }
    return true;
  }
}
