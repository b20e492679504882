/** The accounts that a `detour` inbound hands to clients of another one (V2Ray's dynamic ports). */
import type { RandomSource } from '../../core/random.js';
import type { PortOffer } from '../ports/inbound-ports.js';
import type { SwitchAccount } from './commands.js';
import type { UserTable, VmessUser } from './user-table.js';
import { randomUuid } from './uuid.js';

export interface DetourDeps {
  /** Users of the inbound that clients are sent to. */
  readonly users: UserTable;
  readonly defaultUser: { readonly alterId: number; readonly level: number };
  readonly random: RandomSource;
  /** A port of that inbound; undefined if none is open. */
  readonly offerPort: () => PortOffer | undefined;
}

export class Detour {
  readonly #deps: DetourDeps;
  /** By email, without regard to case; users made here need not have one. */
  readonly #made = new Map<string, VmessUser>();

  constructor(deps: DetourDeps) {
    this.#deps = deps;
  }

  /** What the user with `email` is told; the address stays the one it is connected to. */
  offer(email: string): SwitchAccount | undefined {
    const port = this.#deps.offerPort();
    if (port === undefined) return undefined;
    const { id, alterId, level } = this.#userFor(email);
    return { address: undefined, port: port.port, id, alterId, level, validMinutes: port.validMinutes };
  }

  /** The user of the same email there, or one made from the inbound's `default`. */
  #userFor(email: string): VmessUser {
    const { users, defaultUser, random } = this.#deps;
    const key = email.toLowerCase();
    const known = (email === '' ? undefined : users.find(email)) ?? this.#made.get(key);
    if (known !== undefined) return known;
    const made = users.add({ id: randomUuid(random), email, ...defaultUser });
    this.#made.set(key, made);
    return made;
  }
}
