/** Limits of users, over all inbounds: rate, devices, quota and expiry. Emails name users; their case does not count. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Tracked, TrackedConnection, Tracker } from '../../contract/tracker.js';
import type { UserLimits } from '../../contract/user-limits.js';
import type { Clock, Timer } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { Way } from '../../core/stream/traffic.js';
import { deviceOf } from './device.js';
import { Pacer } from './pacer.js';
import { periodStartMs } from './quota-period.js';

export interface UserLimiterDeps {
  readonly clock: Clock;
  /** The limits of a user, by the email in lower case; undefined: none. Asked with each connection. */
  readonly limitsOf: (email: string) => UserLimits | undefined;
}

/** What a user has used in the period that began at `sinceMs`. */
export interface Usage {
  readonly bytes: number;
  readonly sinceMs: number;
}

/** A phone that changes networks is not two devices: an address counts on for so long after its last connection. */
const deviceGraceMs = 30_000;

/** The longest timer; an expiry further away is looked at again. */
const longestTimerMs = 24 * 60 * 60 * 1000;

interface Device {
  live: number;
  leftMs: number;
}

interface UserState {
  limits: UserLimits;
  usedBytes: number;
  sinceMs: number;
  readonly devices: Map<string, Device>;
  readonly live: Set<LimitedConnection>;
  uplink: Pacer | undefined;
  downlink: Pacer | undefined;
  expiry: Timer | undefined;
}

export class UserLimiter implements Tracker {
  readonly #deps: UserLimiterDeps;
  readonly #users = new Map<string, UserState>();

  constructor(deps: UserLimiterDeps) {
    this.#deps = deps;
  }

  opened(connection: TrackedConnection): Tracked | undefined {
    const { context } = connection;
    const email = (context.user?.email ?? '').toLowerCase();
    const limits = email === '' ? undefined : this.#deps.limitsOf(email);
    if (limits === undefined) return undefined;
    const state = this.#state(email, limits);
    const device = deviceOf(context.source.address.host);
    const reason = this.#whyRefused(state, device);
    if (reason !== undefined) throw refusal(context, reason);
    const tracked = new LimitedConnection(connection, state, device, this);
    state.live.add(tracked);
    const known = state.devices.get(device);
    if (known === undefined) state.devices.set(device, { live: 1, leftMs: 0 });
    else known.live += 1;
    this.#watchExpiry(state);
    return tracked;
  }

  /** What users have used, by email; those without a quota too, as far as they have limits. */
  usage(): ReadonlyMap<string, Usage> {
    return new Map(
      [...this.#users].map(([email, { sinceMs, usedBytes }]) => [email, { bytes: usedBytes, sinceMs }]),
    );
  }

  /** From an earlier process. Call it before the first connection. */
  restore(usage: ReadonlyMap<string, Usage>): void {
    for (const [email, { bytes, sinceMs }] of usage) {
      const limits = this.#deps.limitsOf(email);
      if (limits === undefined) continue;
      const state = this.#state(email, limits);
      if (sinceMs === state.sinceMs) state.usedBytes = bytes;
    }
  }

  /** The limits may have changed: live connections obey the new ones. */
  changed(): void {
    for (const [email, state] of this.#users) {
      const limits = this.#deps.limitsOf(email) ?? { quotaReset: 'never' };
      this.#apply(state, limits);
      if (state.live.size > 0) this.#watchExpiry(state);
    }
  }

  /** Frees its timers; `usage` goes on telling. */
  close(): void {
    for (const { downlink, expiry, uplink } of this.#users.values()) {
      expiry?.cancel();
      uplink?.close();
      downlink?.close();
    }
  }

  /** Called by a connection whose bytes have moved. */
  used(state: UserState, bytes: number): void {
    this.#renew(state);
    state.usedBytes += bytes;
    const { quotaBytes } = state.limits;
    if (quotaBytes !== undefined && state.usedBytes >= quotaBytes) {
      for (const each of [...state.live]) each.end(refusal(each.context, 'the quota is used up'));
    }
  }

  /** Called by a connection that has ended. */
  left(state: UserState, connection: LimitedConnection, device: string): void {
    if (!state.live.delete(connection)) return;
    const known = state.devices.get(device);
    if (known !== undefined) {
      known.live -= 1;
      known.leftMs = this.#deps.clock.monotonicMs();
    }
    if (state.live.size > 0) return;
    state.expiry?.cancel();
    state.expiry = undefined;
  }

  #state(email: string, limits: UserLimits): UserState {
    const known = this.#users.get(email);
    if (known !== undefined) {
      if (known.limits !== limits) this.#apply(known, limits);
      return known;
    }
    const state: UserState = {
      limits: { quotaReset: limits.quotaReset },
      usedBytes: 0,
      sinceMs: periodStartMs(this.#deps.clock.nowMs(), limits.quotaReset),
      devices: new Map(),
      live: new Set(),
      uplink: undefined,
      downlink: undefined,
      expiry: undefined,
    };
    this.#apply(state, limits);
    this.#users.set(email, state);
    return state;
  }

  #apply(state: UserState, limits: UserLimits): void {
    const old = state.limits;
    state.limits = limits;
    const pacer = (now: Pacer | undefined, before: number | undefined, rate: number | undefined) => {
      if (before === rate) return now;
      now?.close();
      return rate === undefined ? undefined : new Pacer(this.#deps.clock, rate);
    };
    state.uplink = pacer(state.uplink, old.uplinkBytesPerSecond, limits.uplinkBytesPerSecond);
    state.downlink = pacer(state.downlink, old.downlinkBytesPerSecond, limits.downlinkBytesPerSecond);
  }

  #renew(state: UserState): void {
    const sinceMs = periodStartMs(this.#deps.clock.nowMs(), state.limits.quotaReset);
    if (sinceMs === state.sinceMs) return;
    state.sinceMs = sinceMs;
    state.usedBytes = 0;
  }

  #whyRefused(state: UserState, device: string): string | undefined {
    const { devices, expiresMs, quotaBytes } = state.limits;
    if (expiresMs !== undefined && this.#deps.clock.nowMs() >= expiresMs) return 'the account has expired';
    this.#renew(state);
    if (quotaBytes !== undefined && state.usedBytes >= quotaBytes) return 'the quota is used up';
    const now = this.#deps.clock.monotonicMs();
    for (const [each, { leftMs, live }] of state.devices) {
      if (live === 0 && now - leftMs >= deviceGraceMs) state.devices.delete(each);
    }
    if (devices === undefined || state.devices.has(device) || state.devices.size < devices) return undefined;
    return `${devices} ${devices === 1 ? 'device is' : 'devices are'} connected, and no more may be`;
  }

  /** One timer for a user with connections. */
  #watchExpiry(state: UserState): void {
    state.expiry?.cancel();
    state.expiry = undefined;
    const { expiresMs } = state.limits;
    if (expiresMs === undefined) return;
    const { clock } = this.#deps;
    const leftMs = Math.max(0, Math.min(expiresMs - clock.nowMs(), longestTimerMs));
    state.expiry = clock.setTimer(leftMs, () => {
      if (clock.nowMs() < expiresMs) {
        this.#watchExpiry(state);
        return;
      }
      for (const each of [...state.live]) each.end(refusal(each.context, 'the account has expired'));
    });
  }
}

/** What the log says; the client sees what any refused one sees. */
function refusal(context: ConnContext, reason: string): TsrayError {
  return new TsrayError('ERR_LIMIT', `user ${context.user?.email ?? ''}: ${reason}`);
}

class LimitedConnection implements Tracked {
  readonly #connection: TrackedConnection;
  readonly #state: UserState;
  readonly #device: string;
  readonly #limiter: UserLimiter;

  constructor(connection: TrackedConnection, state: UserState, device: string, limiter: UserLimiter) {
    this.#connection = connection;
    this.#state = state;
    this.#device = device;
    this.#limiter = limiter;
  }

  get context(): ConnContext {
    return this.#connection.context;
  }

  uplink(bytes: number): void {
    this.#state.uplink?.take(bytes);
    this.#limiter.used(this.#state, bytes);
  }

  downlink(bytes: number): void {
    this.#state.downlink?.take(bytes);
    this.#limiter.used(this.#state, bytes);
  }

  mayRead(way: Way, resume: () => void): boolean {
    return this.#state[way]?.mayRead(resume) ?? true;
  }

  mayPass(way: Way, bytes: number): boolean {
    return this.#state[way]?.admits(bytes) ?? true;
  }

  end(error: TsrayError): void {
    this.#connection.end(error);
  }

  ended(): void {
    this.#limiter.left(this.#state, this, this.#device);
  }
}
