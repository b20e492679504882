/** How many segments may be under way. */

/** V2Ray's windows count for this many times their size. */
export const windowFactor = 20;
/** The peer's window before it told any. */
export const initialRemoteWindow = 32;

const minControlWindow = 16;

/** The window that follows loss; used with `congestion` on. */
export class ControlWindow {
  readonly #max: number;
  /** Segments. */
  size: number;

  constructor(sendingBase: number) {
    this.#max = 2 * sendingBase;
    this.size = sendingBase;
  }

  /** After a flush that sent something: `resent` of the segments in flight were sent again. */
  update(resent: number, inFlight: number): void {
    if (inFlight === 0) return;
    const loss = Math.floor((resent * 100) / inFlight);
    if (loss >= 15) this.size = Math.floor((this.size * 3) / 4);
    else if (loss <= 5) this.size += Math.floor(this.size / 4);
    this.size = Math.min(Math.max(this.size, minControlWindow), this.#max);
  }
}
