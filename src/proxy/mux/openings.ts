/**
 * Opening a session costs a fraction of a millisecond, and one read of a carrier may ask for a thousand: everybody else
 * would wait for all of them. So many are opened in one turn of the event loop, one of each carrier in turn.
 */
import { contain, ended } from '../../core/contain.js';

const openingsPerTurn = 16;

export class Openings {
  /** What waits, by carrier; the carrier that waits longest is first. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #inTurn = 0;
  #scheduled = false;

  /** Calls `open` now, or in one of the next turns, where what it throws is contained. */
  run(carrier: object, open: () => void): void {
    this.#schedule();
    if (this.#inTurn < openingsPerTurn && this.#waiting.size === 0) {
      this.#inTurn += 1;
      open();
      return;
    }
    const others = this.#waiting.get(carrier);
    if (others === undefined) this.#waiting.set(carrier, [open]);
    else others.push(open);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(contain(ended, () => this.#turn()));
  }

  #turn(): void {
    this.#scheduled = false;
    this.#inTurn = 0;
    while (this.#inTurn < openingsPerTurn) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      const [carrier, openings] = first;
      const open = openings.shift();
      this.#waiting.delete(carrier);
      if (openings.length > 0) this.#waiting.set(carrier, openings);
      this.#inTurn += 1;
      contain(ended, () => open?.())();
    }
    this.#schedule();
  }
}
