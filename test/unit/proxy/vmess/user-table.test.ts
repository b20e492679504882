import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { defaultCrypto } from '../../../../src/crypto/index.js';
import { createAccount } from '../../../../src/proxy/vmess/account.js';
import { sealAuthId } from '../../../../src/proxy/vmess/auth-id.js';
import { DrainPolicy } from '../../../../src/proxy/vmess/drain.js';
import { timestampBytes } from '../../../../src/proxy/vmess/header/legacy.js';
import { LegacyTable } from '../../../../src/proxy/vmess/legacy-table.js';
import type { VmessUserSettings } from '../../../../src/proxy/vmess/settings.js';
import { UserTable } from '../../../../src/proxy/vmess/user-table.js';
import { scriptedRandom } from '../../../helper/header-vectors.js';

// The addon's where there is one; the suite also runs without.
const crypto = defaultCrypto();

const now = 1_700_000_000;

function settings(n: number, alterId = 0, email = `user${n}@example.com`): VmessUserSettings {
  return { id: new Uint8Array(createHash('md5').update(`${n}`).digest()), alterId, email, level: n % 3 };
}

function authIdOf(user: VmessUserSettings, seconds: number): Uint8Array {
  const authId = new Uint8Array(16);
  sealAuthId(createAccount(crypto, user.id, 0).authIdSchedule, seconds, Uint8Array.of(1, 2, 3, 4), authId);
  return authId;
}

function authInfoOf(id: Uint8Array, seconds: number): Uint8Array {
  return createHmac('md5', id).update(timestampBytes(seconds)).digest();
}

const never = (): boolean => false;

/** A lookup in a table that is ready for `at`. */
function legacy(
  table: UserTable,
  authInfo: Uint8Array,
  at = now,
): { readonly user: VmessUserSettings; readonly timestamp: number } | undefined {
  assert.equal(table.prepare(at), true);
  const match = table.matchLegacy(authInfo, at);
  assert.notEqual(match.kind, 'unready');
  return match.kind === 'user' ? match : undefined;
}

/** Email of the user that an AuthID leads to. */
function found(table: UserTable, authId: Uint8Array, source = '192.0.2.1'): string | undefined {
  const match = table.matchAuthId(authId, source, now);
  return match.kind === 'user' ? match.user.email : undefined;
}

test('finds each of many users by AuthID, from any source address', () => {
  const users = Array.from({ length: 300 }, (_, n) => settings(n));
  const table = new UserTable(crypto, users);
  for (const [n, user] of users.entries()) {
    const authId = authIdOf(user, now - 120 + (n % 241));
    for (const source of ['192.0.2.1', `198.51.100.${n % 7}`, '192.0.2.1']) {
      const match = table.matchAuthId(authId, source, now);
      assert.equal(match.kind === 'user' && match.user.email, user.email);
      assert.equal(match.kind === 'user' && match.timestamp, now - 120 + (n % 241));
    }
  }
  assert.equal(found(table, authIdOf(settings(300), now)), undefined);
});

test('the window is ±120 s and its edges count as inside (docs/wire-format.md, section 10.1)', () => {
  const user = settings(1);
  const table = new UserTable(crypto, [settings(0), user]);
  for (const offset of [-120, -1, 0, 1, 120]) {
    assert.equal(table.matchAuthId(authIdOf(user, now + offset), '', now).kind, 'user');
  }
  for (const offset of [-100_000, -121, 121, 100_000]) {
    const match = table.matchAuthId(authIdOf(user, now + offset), '', now);
    assert.equal(match.kind, 'skewed');
    assert.equal(match.kind === 'skewed' && match.aheadSeconds, offset);
    assert.equal(match.kind === 'skewed' && match.user.email, user.email);
  }
});

test('emails are unique without regard to case; users without email are any number', () => {
  const table = new UserTable(crypto, [settings(1, 0, 'Alice@Example.com')]);
  assert.throws(() => table.add(settings(2, 0, 'aLICE@example.COM')), { code: 'ERR_CONFIG_CONFLICT' });
  assert.equal(found(table, authIdOf(settings(2), now)), undefined);
  table.add(settings(3, 0, ''));
  table.add(settings(4, 0, ''));
  assert.equal(table.size, 3);
  assert.equal(table.find('ALICE@EXAMPLE.COM')?.email, 'Alice@Example.com');
  assert.equal(table.find(''), undefined);
  assert.equal(table.remove(''), false);
  assert.equal(table.remove('bob@example.com'), false);
  assert.equal(table.remove('alice@example.com'), true);
  assert.equal(table.size, 2);
  table.add(settings(5, 0, 'alice@example.com'));
  assert.deepEqual(
    table.list().map(({ email }) => email),
    ['', '', 'alice@example.com'],
  );
});

test('removing a user takes effect at once for AEAD and legacy, and touches no other', () => {
  const users = Array.from({ length: 9 }, (_, n) => settings(n, n % 2 === 0 ? 0 : 2));
  const table = new UserTable(crypto, users);
  const left = new Set(users);
  for (const n of [3, 8, 0, 5, 4, 7, 1, 2, 6]) {
    const gone = users[n]!;
    const authInfo = authInfoOf(gone.id, now);
    assert.equal(found(table, authIdOf(gone, now)), gone.email);
    assert.equal(legacy(table, authInfo)?.user.email, gone.alterId > 0 ? gone.email : undefined);
    assert.equal(table.remove(gone.email.toUpperCase()), true);
    left.delete(gone);
    for (const user of users) {
      const here = left.has(user);
      assert.equal(found(table, authIdOf(user, now)), here ? user.email : undefined);
      const other = legacy(table, authInfoOf(user.id, now));
      assert.equal(other?.user.email, here && user.alterId > 0 ? user.email : undefined);
    }
  }
  assert.equal(table.size, 0);
});

test('a user object can be removed once, with or without email', () => {
  const table = new UserTable(crypto);
  const user = table.add(settings(1, 0, ''));
  assert.equal(table.removeUser(user), true);
  assert.equal(table.removeUser(user), false);
});

test('legacy clients are known by main ID and every alternative ID, only with alterId above 0', () => {
  const owner = settings(1, 3);
  const table = new UserTable(crypto, [settings(0), owner, settings(2, 1)]);
  const ids = [owner.id, ...createAccount(crypto, owner.id, 3).alterIds];
  for (const id of ids) {
    const match = legacy(table, authInfoOf(id, now + 7));
    assert.equal(match?.user.email, owner.email);
    assert.equal(match?.timestamp, now + 7);
  }
  const beyond = createAccount(crypto, owner.id, 4).alterIds[3]!;
  assert.equal(legacy(table, authInfoOf(beyond, now)), undefined);
  assert.equal(legacy(table, authInfoOf(settings(0).id, now)), undefined);
});

test('the legacy window is ±120 s at every moment, while the clock moves on or back', () => {
  const user = settings(1, 1);
  const table = new UserTable(crypto, [user]);
  for (const moved of [0, 1, 9, 10, 11, 240, 241, 256, 1000, 995, 0]) {
    const at = now + moved;
    for (const offset of [-120, -60, 0, 119, 120]) {
      assert.equal(legacy(table, authInfoOf(user.id, at + offset), at)?.timestamp, at + offset);
    }
    for (const offset of [-121, 121, 136]) {
      assert.equal(legacy(table, authInfoOf(user.id, at + offset), at), undefined, `${offset}`);
    }
  }
});

test('legacy users added later are found in seconds that were computed before', () => {
  const table = new UserTable(crypto, [settings(1, 1)]);
  assert.equal(legacy(table, authInfoOf(settings(2).id, now)), undefined);
  table.add(settings(2, 1));
  assert.equal(legacy(table, authInfoOf(settings(2).id, now))?.user.email, settings(2).email);
});

test('a legacy authInfo with any bit flipped is nobody', () => {
  const user = settings(1, 1);
  const table = new UserTable(crypto, [user]);
  for (let bit = 0; bit < 128; bit += 1) {
    const authInfo = new Uint8Array(authInfoOf(user.id, now));
    authInfo[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(legacy(table, authInfo), undefined);
  }
});

test('IDs of removed legacy users are swept, so coming and going users do not fill memory', () => {
  const table = new LegacyTable<object>();
  const owner = (n: number): object | undefined => {
    assert.equal(table.prepare(now, never), true);
    const match = table.match(authInfoOf(settings(n).id, now), now);
    return match.kind === 'user' ? match.user : undefined;
  };
  const stays = {};
  table.add(stays, [settings(0).id]);
  for (let round = 1; round < 50; round += 1) {
    const user = {};
    table.add(user, [settings(round).id, settings(1000 + round).id]);
    assert.equal(owner(round), user);
    table.remove(user);
    assert.ok(table.size <= 6);
    assert.equal(owner(0), stays);
  }
});

test('many legacy IDs are found in each part of the table, also when half of them are gone', () => {
  const table = new LegacyTable<number>();
  const count = 700;
  for (let n = 0; n < count; n += 1) table.add(n, [settings(n).id]);
  const owners = (at: number): readonly (number | undefined)[] =>
    Array.from({ length: count }, (_, n) => {
      const match = table.match(authInfoOf(settings(n).id, now + 30), at);
      assert.notEqual(match.kind, 'unready');
      return match.kind === 'user' ? match.user : undefined;
    });
  assert.equal(table.prepare(now, never), true);
  assert.deepEqual(
    owners(now),
    Array.from({ length: count }, (_, n) => n),
  );
  for (let n = 0; n < count; n += 1) if (n % 3 !== 0) table.remove(n);
  assert.ok(table.size < count);
  for (const at of [now, now + 1, now + 140]) {
    assert.equal(table.prepare(at, never), true);
    assert.deepEqual(
      owners(at),
      Array.from({ length: count }, (_, n) => (n % 3 === 0 ? n : undefined)),
    );
  }
});

test('a legacy lookup computes nothing: what is not there yet makes it unready, what is there is found', () => {
  const table = new LegacyTable<string>();
  for (let n = 0; n < 300; n += 1) table.add(`${n}`, [settings(n).id]);
  const garbage = new Uint8Array(16);
  assert.equal(table.match(garbage, now).kind, 'unready');
  // Near seconds come first.
  let looks = 0;
  const few = (): boolean => {
    looks += 1;
    return looks > 90;
  };
  assert.equal(table.prepare(now, few), false);
  assert.equal(table.match(authInfoOf(settings(7).id, now - 2), now).kind, 'user');
  assert.equal(table.match(authInfoOf(settings(7).id, now + 110), now).kind, 'unready');
  assert.equal(table.match(garbage, now).kind, 'unready');
  assert.equal(table.prepare(now, never), true);
  assert.equal(table.match(authInfoOf(settings(7).id, now + 110), now).kind, 'user');
  assert.equal(table.match(garbage, now).kind, 'unknown');
  // It is ahead by some seconds; a user who comes later waits, and nobody who was there does.
  assert.equal(table.match(garbage, now + 7).kind, 'unknown');
  assert.equal(table.match(garbage, now + 8).kind, 'unready');
  table.add('late', [settings(1000).id]);
  assert.equal(table.match(authInfoOf(settings(1000).id, now), now).kind, 'unready');
  assert.equal(table.match(authInfoOf(settings(7).id, now), now).kind, 'user');
});

test('drain lengths: 374 … 3382 bytes, fixed base and spread per set of users', () => {
  const users = [settings(1), settings(2), settings(3)];
  const total = (table: UserTable, roll: number): number =>
    new DrainPolicy(crypto, { ...scriptedRandom(), below: (bound) => roll % bound }, table).totalBytes();
  const first = total(new UserTable(crypto, users), 0);
  assert.equal(total(new UserTable(crypto, [...users].reverse()), 0), first);
  const bases = new Set<number>();
  for (let n = 0; n < 200; n += 1) {
    const table = new UserTable(crypto, [settings(n)]);
    const base = total(table, 0);
    assert.ok(base >= 374 && base <= 54 + 3265);
    bases.add(base);
    for (let roll = 1; roll < 200; roll += 37) {
      const rolled = total(table, roll);
      assert.ok(rolled >= base && rolled < base + 64);
    }
  }
  assert.ok(bases.size > 150);
});

test('the drain length is fixed at first use: users that come later do not change it', () => {
  const table = new UserTable(crypto, [settings(1)]);
  const policy = new DrainPolicy(crypto, { ...scriptedRandom(), below: () => 0 }, table);
  const before = policy.totalBytes();
  table.add(settings(2));
  assert.equal(policy.totalBytes(), before);
});

test('without users the drain length is drawn by chance', () => {
  const lengths = [1, 2].map((n) => {
    const random = { ...scriptedRandom(Buffer.alloc(32, n)), below: () => 0 };
    return new DrainPolicy(crypto, random, new UserTable(crypto)).totalBytes();
  });
  assert.notEqual(lengths[0], lengths[1]);
});
