/** Asks the router, and finds the outbound that it names. */
import type { ConnContext, PacketEncoding } from '../../contract/conn-context.js';
import type { PacketQuery } from '../../contract/dispatcher.js';
import type { OutboundManager } from '../../contract/handlers.js';
import type { Outbound } from '../../contract/outbound.js';
import type { RouteQuery } from '../../contract/route-query.js';
import type { RouteChoice, Router } from '../../contract/router.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { RateLimit } from '../../core/rate-limit.js';

export interface Chosen {
  readonly choice: RouteChoice;
  readonly outbound: Outbound;
}

export class Chooser {
  readonly #router: Router;
  readonly #outbounds: OutboundManager;
  readonly #strayTags: RateLimit;

  constructor(router: Router, outbounds: OutboundManager, clock: Clock) {
    this.#router = router;
    this.#outbounds = outbounds;
    this.#strayTags = new RateLimit({ clock });
  }

  /** A plain value where the router gives one. Throws or rejects with ERR_NO_OUTBOUND, or as the router says. */
  choose(query: RouteQuery, context: ConnContext): Chosen | Promise<Chosen> {
    const choice = this.#router.pick(query, context.signal);
    return choice instanceof Promise
      ? choice.then((each) => this.#chosen(each, context))
      : this.#chosen(choice, context);
  }

  /** The choice for packets that may share a session with others; undefined: these may not. */
  chooseCone(query: PacketQuery): Chosen | undefined {
    const choice = this.#router.pick(query);
    // A name has to be looked up first: this destination has a session of its own.
    if (choice instanceof Promise) {
      choice.catch(() => undefined);
      return undefined;
    }
    const { first } = this.#outbounds;
    const { outboundTag } = choice;
    const outbound = (outboundTag === undefined ? undefined : this.#outbounds.get(outboundTag)) ?? first;
    if (outbound === undefined) return undefined;
    const isFullCone = encoded(outbound, query.packetEncoding).fullCone?.(query.destination) === true;
    return isFullCone ? { choice, outbound } : undefined;
  }

  #chosen(choice: RouteChoice, context: ConnContext): Chosen {
    const { outboundTag, rule } = choice;
    if (outboundTag !== undefined) {
      const outbound = this.#outbounds.get(outboundTag);
      if (outbound !== undefined) return { choice, outbound };
      this.#strayTags.warn(
        (message) => context.log.warning(message),
        `${rule ?? 'a rule'} names the outbound "${outboundTag}", which does not exist; the first outbound serves`,
      );
    }
    const { first } = this.#outbounds;
    if (first !== undefined) return { choice, outbound: first };
    throw new TsrayError('ERR_NO_OUTBOUND', 'the configuration has no outbound to carry this connection', {
      hint: 'Add one to "outbounds"; the first is the default.',
    });
  }
}

/** As it carries packets. */
export function encoded(outbound: Outbound, encoding: PacketEncoding | undefined): Outbound {
  return (encoding && outbound.packetEncoded?.(encoding)) ?? outbound;
}
