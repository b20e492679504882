/** Counts what connections carry, while they carry it. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Tracked, TrackedConnection, Tracker } from '../../contract/tracker.js';
import type { Clock } from '../../core/clock.js';
import type { Counter, Counters } from './counters.js';
import { countsAsOnline, type OnlineUsers } from './online.js';
import type { DirectionSettings, StatsSettings } from './settings.js';

export interface StatsDeps {
  readonly settings: StatsSettings;
  readonly counters: Counters;
  readonly online: OnlineUsers;
  readonly clock: Clock;
}

export class StatsTracker implements Tracker {
  readonly #deps: StatsDeps;

  constructor(deps: StatsDeps) {
    this.#deps = deps;
  }

  /** Makes the counters of handlers, which stand at 0 until something is carried. */
  expect(inboundTags: readonly string[], outboundTags: readonly string[]): void {
    const { inbound, outbound } = this.#deps.settings;
    for (const tag of inboundTags) this.#pair(`inbound>>>${tag}`, tag, inbound);
    for (const tag of outboundTags) this.#pair(`outbound>>>${tag}`, tag, outbound);
  }

  opened({ context, outboundTag }: TrackedConnection): Tracked | undefined {
    const { inbound, levels, outbound } = this.#deps.settings;
    const { inboundTag, user } = context;
    const email = user?.email ?? '';
    const level = levels.get(user?.level ?? 0);
    const pairs = [
      this.#pair(`inbound>>>${inboundTag}`, inboundTag, inbound),
      this.#pair(`outbound>>>${outboundTag}`, outboundTag, outbound),
      ...(level === undefined ? [] : [this.#pair(`user>>>${email}`, email, level)]),
    ];
    const uplinks = pairs.flatMap(({ uplink }) => uplink ?? []);
    const downlinks = pairs.flatMap(({ downlink }) => downlink ?? []);
    const left = level?.online === true && email !== '' ? this.#join(email, context) : undefined;
    if (uplinks.length === 0 && downlinks.length === 0 && left === undefined) return undefined;
    return {
      uplink(bytes) {
        for (const counter of uplinks) counter.value += bytes;
      },
      downlink(bytes) {
        for (const counter of downlinks) counter.value += bytes;
      },
      ended: () => left?.(),
    };
  }

  #join(email: string, { source }: ConnContext): (() => void) | undefined {
    const { clock, online } = this.#deps;
    const { host } = source.address;
    if (!countsAsOnline(host)) return undefined;
    return online.joined(email, host, Math.floor(clock.nowMs() / 1000));
  }

  /** `tag`: what names it; nothing is counted without a name. */
  #pair(
    prefix: string,
    tag: string,
    wanted: DirectionSettings,
  ): { readonly uplink: Counter | undefined; readonly downlink: Counter | undefined } {
    const { counters } = this.#deps;
    const counter = (direction: string, on: boolean): Counter | undefined =>
      on && tag !== '' ? counters.counter(`${prefix}>>>traffic>>>${direction}`) : undefined;
    return { uplink: counter('uplink', wanted.uplink), downlink: counter('downlink', wanted.downlink) };
  }
}
