/** Users of the VMess inbounds of a running instance: added and removed by the API and by programs. */
import { type LiveConnections, userRemoved } from '../app/connections/live-connections.js';
import type { InboundSettings, Settings } from '../config/settings.js';
import type { Inbound } from '../contract/inbound.js';
import type { Clock, Timer } from '../core/clock.js';
import { TsrayError } from '../core/errors.js';
import type { VmessUserSettings } from '../proxy/vmess/settings.js';
import type { InboundUsers } from './inbound.js';

export interface LiveUsersDeps {
  readonly clock: Clock;
  readonly connections: LiveConnections;
  readonly settings: () => Settings;
  readonly inboundOf: (settings: InboundSettings) => Inbound | undefined;
  readonly usersOf: (inbound: Inbound) => InboundUsers | undefined;
  /** The configuration that runs has changed with its users. */
  readonly settingsChanged: (settings: InboundSettings, next: InboundSettings) => void;
}

/** Panels change a user by removing and adding them; what they have open outlives that. */
const graceMs = 1_000;

interface Removal {
  readonly id: Uint8Array;
  readonly timer: Timer;
}

type VmessInbound = Extract<InboundSettings, { readonly protocol: 'vmess' }>;

export class LiveUsers {
  readonly #deps: LiveUsersDeps;
  /** By tag and email. */
  readonly #removals = new Map<string, Removal>();

  constructor(deps: LiveUsersDeps) {
    this.#deps = deps;
  }

  /** Throws ERR_USAGE for a tag that no VMess inbound has. */
  list(tag: string): readonly VmessUserSettings[] {
    return this.#find(tag).settings.clients;
  }

  /** Rejects with ERR_CONFIG_CONFLICT if another user of the inbound has the email, ERR_USAGE as `list`. */
  async add(tag: string, user: VmessUserSettings): Promise<void> {
    const inbound = this.#find(tag);
    const { clients } = inbound.settings;
    if (user.email !== '' && clients.some(({ email }) => sameEmail(email, user.email))) {
      throw new TsrayError('ERR_CONFIG_CONFLICT', `there is a user ${user.email} already`);
    }
    await this.#store(inbound).add(user);
    this.#change(tag, (users) => [...users, user]);
    const key = keyOf(tag, user.email);
    const removal = this.#removals.get(key);
    if (removal === undefined || Buffer.compare(removal.id, user.id) !== 0) return;
    removal.timer.cancel();
    this.#removals.delete(key);
  }

  /**
   * New connections are refused at once; what the user has open is ended after a second, unless the same user has come
   * back. False if there is no such user. Rejects with ERR_USAGE as `list`.
   */
  async remove(tag: string, email: string): Promise<boolean> {
    const inbound = this.#find(tag);
    const user = inbound.settings.clients.find((each) => sameEmail(each.email, email));
    if (email === '' || user === undefined) return false;
    await this.#store(inbound).remove(email);
    this.#change(tag, (users) => users.filter((each) => each !== user));
    const key = keyOf(tag, email);
    this.#removals.get(key)?.timer.cancel();
    const timer = this.#deps.clock.setTimer(graceMs, () => {
      this.#removals.delete(key);
      this.#deps.connections.endUser(email, userRemoved(), tag);
    });
    this.#removals.set(key, { id: user.id, timer });
    return true;
  }

  /** The instance stops. */
  close(): void {
    for (const { timer } of this.#removals.values()) timer.cancel();
    this.#removals.clear();
  }

  #find(tag: string): VmessInbound {
    const inbound = tag === '' ? undefined : this.#deps.settings().inbounds.find((each) => each.tag === tag);
    if (inbound === undefined) throw new TsrayError('ERR_USAGE', `there is no inbound with the tag "${tag}"`);
    if (inbound.protocol === 'vmess') return inbound;
    throw new TsrayError('ERR_USAGE', `the inbound "${tag}" has no users that can be changed`);
  }

  #store(settings: VmessInbound): InboundUsers {
    const inbound = this.#deps.inboundOf(settings);
    const users = inbound && this.#deps.usersOf(inbound);
    if (users === undefined) throw new TsrayError('ERR_INTERNAL', 'an inbound lost its users');
    return users;
  }

  #change(tag: string, change: (users: readonly VmessUserSettings[]) => readonly VmessUserSettings[]): void {
    // It may have been changed by another caller meanwhile.
    const now = this.#find(tag);
    const clients = change(now.settings.clients);
    this.#deps.settingsChanged(now, { ...now, settings: { ...now.settings, clients } });
  }
}

function keyOf(tag: string, email: string): string {
  return `${tag}\n${email.toLowerCase()}`;
}

function sameEmail(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
