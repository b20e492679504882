/** Goes from one list of inbounds to another while their connections go on. */
import { isDeepStrictEqual } from 'node:util';
import type { InboundLifecycle } from '../../app/handlers/inbound-manager.js';
import type { InboundSettings } from '../../config/settings.js';
import type { Inbound } from '../../contract/inbound.js';
import { type Entry, type ListPlan, listeningPlace } from './plan.js';

export interface ReloadDeps {
  readonly manager: InboundLifecycle;
  /** Makes an inbound that is not started. Throws a TsrayError. */
  readonly create: (settings: InboundSettings) => Inbound;
  /** `inbound` serves as `successor` would from now on. */
  readonly took: (inbound: Inbound, successor: Inbound) => void;
}

type Made = ReadonlyMap<InboundSettings, Inbound>;

/**
 * Ports that stay where they are stay open; what moves or comes is opened before anything is closed, unless it needs a port
 * that is about to be free. Rejects with ERR_LISTEN, with the old inbounds at work again.
 */
export async function reloadInbounds(
  plan: ListPlan<InboundSettings>,
  made: Made,
  deps: ReloadDeps,
): Promise<Made> {
  const { create, manager } = deps;
  const serving = new Map<InboundSettings, Inbound>();
  const back: (() => Promise<unknown>)[] = [];
  try {
    // Made before anything is touched.
    const next = new Map(
      plan.entries.filter(({ differs }) => differs).map(({ settings }) => [settings, create(settings)]),
    );
    for (const each of plan.removed) {
      const inbound = made.get(each);
      if (inbound === undefined) continue;
      await dismiss(manager, inbound);
      back.push(() => manager.add(create(each)));
    }
    for (const entry of inOrder(plan.entries)) {
      const { differs, old, settings } = entry;
      const inbound = old && made.get(old);
      if (!differs && inbound !== undefined) {
        serving.set(settings, inbound);
        continue;
      }
      const successor = next.get(settings) ?? create(settings);
      if (inbound === undefined || old === undefined) {
        await manager.add(successor);
        back.push(() => dismiss(manager, successor));
        serving.set(settings, successor);
        continue;
      }
      const now = await manager.exchange(inbound, successor).catch(async (error: unknown) => {
        await manager.add(create(old)).catch(() => undefined);
        throw error;
      });
      deps.took(now, successor);
      serving.set(settings, now);
      back.push(() => manager.exchange(now, create(old)));
    }
  } catch (error) {
    for (const step of back.reverse()) await step().catch(() => undefined);
    throw error;
  }
  return serving;
}

/** First what keeps its ports, then what frees some by moving, then what is new. */
function inOrder(entries: readonly Entry<InboundSettings>[]): readonly Entry<InboundSettings>[] {
  const rank = ({ old, settings }: Entry<InboundSettings>): number => {
    if (old === undefined) return 2;
    return isDeepStrictEqual(listeningPlace(old), listeningPlace(settings)) ? 0 : 1;
  };
  return [...entries].sort((one, other) => rank(one) - rank(other));
}

/** Resolves once its ports are free; its connections go on. */
async function dismiss(manager: InboundLifecycle, inbound: Inbound): Promise<void> {
  manager.dismiss(inbound);
  // A listener is closed within the turn.
  await new Promise((resolve) => setImmediate(resolve));
}
