/** The users of a running server, as a program sees them. */
import { readUserId } from '../config/values/user-id.js';
import { TsrayError } from '../core/errors.js';
import type { UserTable, VmessUser } from '../proxy/vmess/user-table.js';
import { formatUuid } from '../proxy/vmess/uuid.js';

/** A user to be added. */
export interface ServerUser {
  /** UUID, or a name of up to 30 bytes that stands for one. Secret. */
  readonly id: string;
  /** Names the user in events and for `remove`; unique, letter case does not count. Default `user-1`, `user-2` … */
  readonly email?: string;
  /** Policy level, 0 … 255. Default 0. */
  readonly level?: number;
  /** Above 0 for clients that know legacy headers only. Default 0. */
  readonly alterId?: number;
}

/** A user as `list` shows it. */
export interface ListedUser {
  /** UUID in lower case. Secret. */
  readonly id: string;
  readonly email: string;
  readonly level: number;
  readonly alterId: number;
}

/** The users of a server. Changes take effect at once. */
export class ServerUsers {
  readonly #table: UserTable;
  /** Called with the email of a user that is gone. */
  readonly #onRemoved: (email: string) => void;
  /** In hex. Two users of one ID could not be told apart. */
  readonly #ids = new Set<string>();
  #unnamed = 0;

  constructor(table: UserTable, users: readonly ServerUser[], onRemoved: (email: string) => void) {
    this.#table = table;
    this.#onRemoved = onRemoved;
    for (const user of users) this.add(user);
  }

  /** How many there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Takes effect at once. Throws ERR_CONFIG_VALUE for a bad ID and ERR_CONFIG_CONFLICT for an email or ID in use. */
  add(user: ServerUser): ListedUser {
    const id = typeof user.id === 'string' ? readUserId(user.id) : undefined;
    if (id === undefined) {
      throw new TsrayError('ERR_CONFIG_VALUE', 'users: expected a UUID (32 hex digits) as id', {
        hint: '`generateId()` makes one.',
      });
    }
    if (this.#ids.has(hex(id))) {
      throw new TsrayError('ERR_CONFIG_CONFLICT', 'another user has the same id', {
        hint: '`generateId()` makes one.',
      });
    }
    const { level = 0, alterId = 0 } = user;
    checkWhole('level', level, 255);
    checkWhole('alterId', alterId, 65_535);
    const email = user.email === undefined || user.email === '' ? this.#nextName() : user.email;
    const added = this.#table.add({ id, email, level, alterId });
    this.#ids.add(hex(id));
    return listed(added);
  }

  /** Ends the user's live connections at once and refuses new ones. By email; false if there is no such user. */
  remove(email: string): boolean {
    const user = this.#table.find(email);
    if (user === undefined || !this.#table.removeUser(user)) return false;
    this.#ids.delete(hex(user.id));
    this.#onRemoved(user.email);
    return true;
  }

  /** Whether there is a user with this email; letter case does not count. */
  has(email: string): boolean {
    return this.#table.find(email) !== undefined;
  }

  /** All users, in no particular order. Their IDs are secret. */
  list(): readonly ListedUser[] {
    return this.#table.list().map(listed);
  }

  #nextName(): string {
    do this.#unnamed += 1;
    while (this.has(`user-${this.#unnamed}`));
    return `user-${this.#unnamed}`;
  }
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

function listed({ id, email, level, alterId }: VmessUser): ListedUser {
  return { id: formatUuid(id), email, level, alterId };
}

function checkWhole(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new TsrayError(
      'ERR_CONFIG_VALUE',
      `users: expected ${name} from 0 to ${max}, found ${String(value)}`,
    );
  }
}
