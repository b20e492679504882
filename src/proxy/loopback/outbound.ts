/** The loopback outbound: its connections are routed once more, as if they came from another inbound. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher } from '../../contract/dispatcher.js';
import type { Outbound } from '../../contract/outbound.js';
import { TsrayError } from '../../core/errors.js';
import { createPacketPipe } from '../../core/stream/packet-pipe.js';
import { createPipe } from '../../core/stream/pipe.js';
import type { LoopbackSettings } from './settings.js';

export interface LoopbackDeps {
  readonly tag: string;
  readonly settings: LoopbackSettings;
  /** Asked for when a connection comes: the dispatcher is made of outbounds. */
  readonly dispatcher: () => Dispatcher;
}

/** Rules that lead back to a loopback outbound are noticed after this many rounds. (V2Ray does not notice.) */
const maxRounds = 16;

export function createLoopbackOutbound(deps: LoopbackDeps): Outbound {
  const { dispatcher, settings, tag } = deps;

  function again(context: ConnContext): ConnContext {
    const { sniffed: _, ...facts } = context;
    const rounds = (context.rounds ?? 0) + 1;
    if (rounds > maxRounds) {
      throw new TsrayError(
        'ERR_NO_OUTBOUND',
        `rules have sent this connection round in a circle ${maxRounds} times`,
        {
          hint: `Which rule with the inbound tag "${settings.inboundTag}" leads to the outbound "${tag}" again?`,
        },
      );
    }
    return { ...facts, inboundTag: settings.inboundTag, rounds, unresolved: true };
  }

  return {
    tag,
    async open(context) {
      const route = await dispatcher().open(again(context));
      const [ours, theirs] = createPipe();
      void route.relay(theirs);
      return ours;
    },
    async openPackets(context) {
      const route = await dispatcher().openPackets(again(context));
      const [ours, theirs] = createPacketPipe();
      void route.relay(theirs);
      return ours;
    },
    close: () => Promise.resolve(),
  };
}
