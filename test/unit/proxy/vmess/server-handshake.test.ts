import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { systemRandom } from '../../../../src/core/random.js';
import { defaultCrypto } from '../../../../src/crypto/index.js';
import { fnv1a32 } from '../../../../src/crypto/pure/fnv1a32.js';
import { type Account, createAccount } from '../../../../src/proxy/vmess/account.js';
import { sealAuthId } from '../../../../src/proxy/vmess/auth-id.js';
import {
  type ClientRequest,
  createRequest,
  type RequestFields,
} from '../../../../src/proxy/vmess/client-request.js';
import { DrainPolicy } from '../../../../src/proxy/vmess/drain.js';
import { sealRequestHeader } from '../../../../src/proxy/vmess/header/aead.js';
import { sealLegacyRequestHeader } from '../../../../src/proxy/vmess/header/legacy.js';
import type { HeaderKind, SessionKeys } from '../../../../src/proxy/vmess/header/session-keys.js';
import { ServerHandshake, type ServerStep } from '../../../../src/proxy/vmess/server-handshake.js';
import { createServerState, type ServerState } from '../../../../src/proxy/vmess/server-state.js';
import { UserTable } from '../../../../src/proxy/vmess/user-table.js';
import { parseUuid } from '../../../../src/proxy/vmess/uuid.js';
import { fromHex, headerVectors, toHex } from '../../../helper/header-vectors.js';
import { splits } from '../../../helper/split.js';
import { pushed } from '../../../helper/vmess-handshake.js';

// The addon's where there is one; the suite also runs without.
const crypto = defaultCrypto();

const uuid = parseUuid(headerVectors.userIds[0]!.uuidText)!;
const account = createAccount(crypto, uuid, 4);
const stranger = createAccount(crypto, parseUuid(headerVectors.userIds[1]!.uuidText)!, 4);
const settings = { id: uuid, alterId: 4, email: 'alice@example.com', level: 1 };
const start = 1_700_000_000;
const lax = { aeadForced: false, disableInsecureEncryption: false };
const plain = fromHex(headerVectors.plainHeader[0]!.plain);

let now = start;
let state: ServerState;

beforeEach(() => {
  now = start;
  state = newState();
});

function newState(users = [settings]): ServerState {
  return createServerState({
    crypto,
    random: systemRandom,
    nowSeconds: () => now + 0.7,
    users: new UserTable(crypto, users),
  });
}

function feed(parts: readonly Uint8Array[], options = lax, server = state): ServerStep {
  const handshake = new ServerHandshake(server, options, '192.0.2.1');
  for (const part of parts) {
    const step = pushed(handshake, part, server);
    if (step.state !== 'more') return step;
  }
  return { state: 'more' };
}

const fields: RequestFields = {
  command: 'tcp',
  destination: { address: { kind: 'domain', host: 'example.com' }, port: 443 },
  security: 'aes-128-gcm',
  options: 0x0d,
};

function request(
  kind: HeaderKind,
  change: Partial<RequestFields> = {},
  from = account,
  at = now,
): ClientRequest {
  const deps = { crypto, random: systemRandom, nowSeconds: () => at };
  return createRequest({ ...fields, ...change }, from, kind, deps);
}

let nonce = 0;

/** An envelope around any plaintext, with a fresh AuthID or authInfo. */
function sealed(kind: HeaderKind, header: Uint8Array, at = now): Uint8Array {
  if (kind === 'legacy') return sealLegacyRequestHeader(crypto, account.cmdKey, account.id, at, header);
  nonce += 1;
  const random = Uint8Array.of(0, 0, nonce >>> 8, nonce);
  const authId = new Uint8Array(16);
  sealAuthId(account.authIdSchedule, at, random, authId);
  return sealRequestHeader(crypto, account.cmdKey, authId, new Uint8Array(8), header);
}

/** The vector's header with other bytes from 34 on, another key, and a checksum that fits unless `sum` says no. */
function forged(tail: string, sum = true): Uint8Array {
  const header = Buffer.concat([plain.subarray(0, 34), fromHex(tail), Buffer.alloc(4)]);
  systemRandom.fill(header.subarray(1, 34));
  header.writeUInt32BE(sum ? fnv1a32(header.subarray(0, -4)) : 0x12345678, header.length - 4);
  return header;
}

function keysAsHex(keys: SessionKeys): readonly (string | number)[] {
  const { requestKey, requestIv, responseKey, responseIv, v } = keys;
  return [...[requestKey, requestIv, responseKey, responseIv].map(toHex), v];
}

function outcome(step: ServerStep): string {
  if (step.state === 'drain' || step.state === 'close') return `${step.state} ${step.error.code}`;
  return step.state;
}

const good = '0d03000101bb017f000001';

for (const kind of ['aead', 'legacy'] as const) {
  test(`${kind}: reads a request whole, byte by byte and in pieces, and leaves the body alone`, () => {
    const body = Buffer.from('first payload');
    for (const command of ['tcp', 'udp', 'mux'] as const) {
      for (let round = 0; round < 10; round += 1) {
        const { envelope, keys } = request(kind, { command });
        const parts = splits(Buffer.concat([envelope, body]), round + 1)[round]!;
        const handshake = new ServerHandshake(state, lax, '');
        let at = 0;
        let step: ServerStep = { state: 'more' };
        while (step.state === 'more') {
          step = pushed(handshake, parts[at]!, state);
          at += 1;
        }
        assert.ok(step.state === 'done', outcome(step));
        const { header, user } = step.request;
        assert.equal(user.email, settings.email);
        assert.equal(step.request.kind, kind);
        assert.deepEqual(keysAsHex(step.request.keys), keysAsHex(keys));
        assert.equal(header.command, command);
        assert.equal(header.address.host, command === 'mux' ? 'v1.mux.cool' : 'example.com');
        assert.equal(header.port, command === 'mux' ? 0 : 443);
        assert.equal(header.security, 'aes-128-gcm');
        assert.equal(header.options, 0x0d);
        assert.equal(Buffer.concat([step.rest, ...parts.slice(at)]).toString(), body.toString());
      }
    }
  });

  test(`${kind}: every proper prefix waits for more (docs/wire-format.md, section 10.4: header cut short)`, () => {
    const { envelope } = request(kind);
    for (let length = 0; length < envelope.length; length += 1) {
      const server = newState();
      assert.equal(feed([envelope.subarray(0, length)], lax, server).state, 'more');
    }
  });

  test(`${kind}: what the header yields owns its memory`, () => {
    const { envelope, keys } = request(kind);
    const lent = Buffer.from(envelope);
    const step = feed([lent]);
    lent.fill(0);
    assert.equal(step.state === 'done' && toHex(step.request.keys.requestKey), toHex(keys.requestKey));
    assert.equal(step.state === 'done' && toHex(step.request.header.requestIv), toHex(keys.requestIv));
  });

  test(`${kind}: bad address, command or security closes at once (docs/wire-format.md, section 10.4)`, () => {
    for (const tail of [
      '0d030004',
      '0d030000',
      '0d03000101bb04',
      '0d03000101bb02012f',
      '0d02000101bb017f000001',
      '0d06000101bb017f000001',
      '0d0f000101bb017f000001',
    ]) {
      assert.equal(outcome(feed([sealed(kind, forged(tail))])), 'close ERR_PROTOCOL', tail);
    }
    assert.equal(feed([sealed(kind, forged(good))]).state, 'done');
  });

  test(`${kind}: padding without masking is refused (docs/wire-format.md, section 3)`, () => {
    for (const options of ['08', '09', '19']) {
      for (const security of ['01', '03', '04', '05']) {
        const header = forged(`${options}${security}000101bb017f000001`);
        assert.equal(outcome(feed([sealed(kind, header)])), 'close ERR_PROTOCOL');
      }
    }
  });

  test(`${kind}: security 0 is aes-128-cfb, and options of every kind are taken`, () => {
    const step = feed([sealed(kind, forged('0000000101bb017f000001'))]);
    assert.equal(step.state === 'done' && step.request.header.security, 'aes-128-cfb');
    for (const options of [0x00, 0x01, 0x03, 0x05, 0x0d, 0x15, 0x1d, 0xed]) {
      const tail = `${options.toString(16).padStart(2, '0')}${good.slice(2)}`;
      const taken = feed([sealed(kind, forged(tail))]);
      assert.equal(taken.state === 'done' && taken.request.header.options, options);
    }
  });

  test(`${kind}: disableInsecureEncryption closes on none, aes-128-cfb and unknown`, () => {
    const strict = { aeadForced: false, disableInsecureEncryption: true };
    for (const security of ['00', '01', '05']) {
      const header = forged(`01${security}000101bb017f000001`);
      const step = feed([sealed(kind, header)], strict);
      assert.equal(outcome(step), 'close ERR_PROTOCOL');
      assert.equal(step.state === 'close' && step.user.email, settings.email);
    }
    for (const security of ['03', '04']) {
      assert.equal(feed([sealed(kind, forged(`05${security}000101bb017f000001`))], strict).state, 'done');
    }
  });

  test(`${kind}: the window is ±120 s, its edges inside`, () => {
    for (const offset of [-120, 0, 120]) {
      assert.equal(feed([sealed(kind, forged(good), now + offset)]).state, 'done');
    }
    for (const offset of [-121, 121]) {
      assert.equal(outcome(feed([sealed(kind, forged(good), now + offset)])), 'drain ERR_AUTH');
    }
  });

  test(`${kind}: a removed user is unknown at once (V2Ray lets legacy in for minutes)`, () => {
    assert.equal(feed([request(kind).envelope]).state, 'done');
    state.users.remove('ALICE@example.com');
    assert.equal(outcome(feed([request(kind).envelope])), 'drain ERR_AUTH');
  });

  test(`${kind}: a user removed between the pieces of its header is unknown too`, () => {
    const { envelope } = request(kind);
    for (const cut of [16, 20, 45, envelope.length - 1]) {
      state = newState();
      const handshake = new ServerHandshake(state, lax, '192.0.2.1');
      assert.equal(pushed(handshake, envelope.subarray(0, cut), state).state, 'more');
      state.users.remove(settings.email);
      assert.equal(
        outcome(pushed(handshake, envelope.subarray(cut), state)),
        'drain ERR_AUTH',
        `cut at ${cut}`,
      );
    }
  });

  test(`${kind}: an unknown user is drained as soon as 16 bytes are there`, () => {
    const { envelope } = request(kind, {}, stranger);
    assert.equal(feed([envelope.subarray(0, 15)]).state, 'more');
    assert.equal(outcome(feed([envelope.subarray(0, 16)])), 'drain ERR_AUTH');
  });
}

test('an AEAD header is taken for a user with alterId above 0 (docs/wire-format.md, section 2.1)', () => {
  assert.equal(settings.alterId, 4);
  assert.equal(feed([request('aead').envelope]).state, 'done');
});

test('a legacy header is refused for a user whose alterId is 0', () => {
  const server = newState([{ ...settings, alterId: 0 }]);
  const main = createAccount(crypto, uuid, 0);
  assert.equal(outcome(feed([request('legacy', {}, main).envelope], lax, server)), 'drain ERR_AUTH');
  assert.equal(feed([request('aead', {}, main).envelope], lax, server).state, 'done');
});

test('with AEAD forced a legacy client is an unknown user (docs/wire-format.md, section 10.4)', () => {
  const forced = { aeadForced: true, disableInsecureEncryption: false };
  assert.equal(outcome(feed([request('legacy').envelope], forced)), 'drain ERR_AUTH');
  assert.equal(feed([request('aead').envelope], forced).state, 'done');
});

test('a replayed AuthID is drained for its whole window, then out of the window (docs/wire-format.md, section 10.1)', () => {
  const { envelope } = request('aead', {}, account, now + 120);
  assert.equal(feed([envelope]).state, 'done');
  for (const later of [0, 100, 239, 240]) {
    now = start + later;
    assert.equal(outcome(feed([envelope])), 'drain ERR_REPLAY');
  }
  now = start + 241;
  assert.equal(outcome(feed([envelope])), 'drain ERR_AUTH');
});

test('an AuthID counts as used even when its header never opened', () => {
  const { envelope } = request('aead');
  feed([envelope.subarray(0, 16)]);
  assert.equal(outcome(feed([envelope])), 'drain ERR_REPLAY');
});

test('AEAD: body keys used before close at once, whatever the AuthID (docs/wire-format.md, section 10.2)', () => {
  const header = forged(good);
  assert.equal(feed([sealed('aead', header)]).state, 'done');
  assert.equal(outcome(feed([sealed('aead', header)])), 'close ERR_REPLAY');
  now += 240;
  assert.equal(outcome(feed([sealed('aead', header)])), 'close ERR_REPLAY');
  now += 1;
  assert.equal(feed([sealed('aead', header)]).state, 'done');
});

test('AEAD: a wrong checksum or a short header closes at once (docs/wire-format.md, section 10.4)', () => {
  assert.equal(outcome(feed([sealed('aead', forged(good, false))])), 'close ERR_INTEGRITY');
  for (const length of [0, 1, 37, 38, 50]) {
    assert.equal(
      outcome(feed([sealed('aead', forged(good).subarray(0, Math.min(length, 48)))])),
      'close ERR_PROTOCOL',
    );
  }
});

test('AEAD: bytes behind the checksum, inside the sealed header, are ignored as V2Ray does', () => {
  const header = Buffer.concat([forged(good), Buffer.alloc(500)]);
  const envelope = sealed('aead', header);
  const step = feed([Buffer.concat([envelope, Buffer.from('body')])]);
  assert.equal(step.state === 'done' && Buffer.from(step.rest).toString(), 'body');
});

test('AEAD: the longest header that V2Ray can read is read, a longer one drained before it arrives', () => {
  const header = (length: number): Uint8Array => Buffer.concat([forged(good), Buffer.alloc(length - 49)]);
  for (const parts of splits(sealed('aead', header(65_519))).filter((list) => list.length < 100)) {
    assert.equal(feed(parts, lax, newState()).state, 'done');
  }
  assert.equal(outcome(feed([sealed('aead', header(65_520)).subarray(0, 42)])), 'drain ERR_INTEGRITY');
});

test('AEAD: any flipped bit of the envelope is drained', () => {
  const { envelope } = request('aead');
  for (let bit = 0; bit < envelope.length * 8; bit += 1) {
    const bad = envelope.slice();
    bad[bit >>> 3]! ^= 1 << (bit & 7);
    const code = bit < 128 ? 'ERR_AUTH' : 'ERR_INTEGRITY';
    assert.equal(outcome(feed([bad], lax, newState())), `drain ${code}`, `bit ${bit}`);
  }
});

test('AEAD: length and header are judged as soon as they are complete', () => {
  const { envelope } = request('aead');
  const badLength = envelope.slice();
  badLength[20]! ^= 1;
  assert.equal(feed([badLength.subarray(0, 41)], lax, newState()).state, 'more');
  assert.equal(outcome(feed([badLength.subarray(0, 42)], lax, newState())), 'drain ERR_INTEGRITY');
  const badHeader = envelope.slice();
  badHeader[50]! ^= 1;
  assert.equal(feed([badHeader.subarray(0, -1)], lax, newState()).state, 'more');
  assert.equal(outcome(feed([badHeader], lax, newState())), 'drain ERR_INTEGRITY');
});

test('legacy: the same authInfo serves several connections, as clients of one second do', () => {
  for (let round = 0; round < 3; round += 1) {
    assert.equal(feed([sealed('legacy', forged(good))]).state, 'done');
  }
});

test('legacy: body keys used before taint the authInfo and drain, judged at 54 bytes (docs/wire-format.md, sections 10.2 and 10.3)', () => {
  const envelope = sealed('legacy', forged(good));
  assert.equal(feed([envelope]).state, 'done');
  assert.equal(feed([envelope.subarray(0, 53)]).state, 'more');
  assert.equal(outcome(feed([envelope.subarray(0, 54)])), 'drain ERR_REPLAY');
  // The authInfo is burnt now, for any header of that second and ID.
  assert.equal(outcome(feed([sealed('legacy', forged(good))])), 'drain ERR_REPLAY');
  now += 1;
  assert.equal(feed([sealed('legacy', forged(good))]).state, 'done');
});

test('legacy: a wrong checksum taints the authInfo until it has left the window', () => {
  const at = now + 120;
  assert.equal(outcome(feed([sealed('legacy', forged(good, false), at)])), 'drain ERR_INTEGRITY');
  for (const later of [0, 200, 240]) {
    now = start + later;
    assert.equal(outcome(feed([sealed('legacy', forged(good), at)])), 'drain ERR_REPLAY');
  }
  now = start + 241;
  assert.equal(outcome(feed([sealed('legacy', forged(good), at)])), 'drain ERR_AUTH');
});

test('legacy: bad address and security do not taint (docs/wire-format.md, section 10.4)', () => {
  assert.equal(outcome(feed([sealed('legacy', forged('0d06000101bb017f000001'))])), 'close ERR_PROTOCOL');
  assert.equal(feed([sealed('legacy', forged(good))]).state, 'done');
});

test('legacy: the 2020 probing attack, a replay with one changed padding nibble, tells nothing and burns the authInfo', () => {
  const envelope = sealed('legacy', forged(good));
  const probe = envelope.slice();
  probe[16 + 35]! ^= 0xf0;
  // Without the session history the prober would count how many bytes the server waits for.
  assert.equal(feed([envelope]).state, 'done');
  assert.equal(outcome(feed([probe])), 'drain ERR_REPLAY');
  assert.equal(outcome(feed([probe])), 'drain ERR_REPLAY');
});

test('legacy: a header that breaks off behind its keys taints, one that breaks off earlier does not', () => {
  const envelope = sealed('legacy', forged(good));
  for (const [length, expected] of [
    [10, 'done'],
    [53, 'done'],
    [54, 'drain ERR_REPLAY'],
    [60, 'drain ERR_REPLAY'],
  ] as const) {
    state = newState();
    const handshake = new ServerHandshake(state, lax, '');
    assert.equal(pushed(handshake, envelope.subarray(0, length), state).state, 'more');
    handshake.abandon();
    assert.equal(outcome(pushed(handshake, envelope, state)), 'drain ERR_TRUNCATED');
    assert.equal(outcome(feed([sealed('legacy', forged(good))])), expected, `${length}`);
  }
});

test('an abandoned AEAD header or a finished handshake taints nothing', () => {
  const handshake = new ServerHandshake(state, lax, '');
  pushed(handshake, request('aead').envelope.subarray(0, 80), state);
  handshake.abandon();
  assert.equal(state.tainted.size, 0);
  const finished = new ServerHandshake(state, lax, '');
  assert.equal(pushed(finished, sealed('legacy', forged(good)), state).state, 'done');
  finished.abandon();
  assert.equal(state.tainted.size, 0);
});

test('what is drained is the same total for every reason, counted from the first byte (docs/wire-format.md, section 10.4)', () => {
  const server: ServerState = {
    ...state,
    drain: Object.assign(Object.create(state.drain), { totalBytes: () => 500 }),
  };
  const remaining = (bytes: Uint8Array): number => {
    const step = feed([bytes.subarray(0, 10), bytes.subarray(10)], lax, server);
    assert.equal(step.state, 'drain', outcome(step));
    return step.state === 'drain' ? step.remainingBytes : -1;
  };
  const badTag = request('aead').envelope;
  badTag[badTag.length - 1]! ^= 1;
  for (const bytes of [
    new Uint8Array(16),
    new Uint8Array(300),
    badTag,
    sealed('legacy', forged(good, false)),
  ]) {
    assert.equal(remaining(bytes), 500 - bytes.length);
  }
  assert.equal(remaining(new Uint8Array(501)), 0);
});

test('byte by byte every failed handshake ends at the same byte, with the smallest total too', () => {
  const longName = { address: { kind: 'domain', host: 'x'.repeat(255) }, port: 443 } as const;
  const flipped = (envelope: Uint8Array, at: number): Uint8Array => {
    const copy = envelope.slice();
    copy[at < 0 ? copy.length + at : at]! ^= 1;
    return copy;
  };
  const replayed = (kind: HeaderKind): Uint8Array => {
    const envelope = sealed(kind, forged(good));
    assert.equal(feed([envelope], lax, server).state, 'done');
    return envelope;
  };
  /** An altered name length makes a legacy header look longer than it is. */
  const lengthened = sealed('legacy', forged('0d03000101bb0203616263'));
  lengthened[16 + 41]! ^= 0xfc;
  const smallest = {
    fill<T extends Uint8Array>(into: T): T {
      into.fill(0);
      return into;
    },
    below: () => 0,
  };
  const server = createServerState({
    crypto,
    random: smallest,
    nowSeconds: () => now,
    users: new UserTable(crypto, [settings]),
  });
  const least = new DrainPolicy(crypto, smallest, new UserTable(crypto)).totalBytes();
  assert.equal(least, 374);
  const fixed = { ...server, drain: Object.assign(Object.create(server.drain), { totalBytes: () => least }) };
  for (const [name, bytes] of Object.entries({
    noise: new Uint8Array(16),
    stranger: request('aead', {}, stranger).envelope,
    late: request('aead', {}, account, now - 300).envelope,
    'altered length': flipped(request('aead').envelope, 20),
    'altered header': flipped(request('aead').envelope, 60),
    'altered last byte': flipped(request('aead').envelope, -1),
    'altered longest header': flipped(request('aead', { destination: longName }).envelope, -1),
    'replayed AuthID': replayed('aead'),
    'replayed legacy': replayed('legacy'),
    'altered legacy': flipped(request('legacy').envelope, -1),
    'altered longest legacy': flipped(request('legacy', { destination: longName }).envelope, 16 + 200),
    'legacy with a longer name': lengthened,
  })) {
    const handshake = new ServerHandshake(fixed, lax, '');
    const wire = Buffer.concat([bytes, Buffer.alloc(4000)]);
    let closedAt = 0;
    for (let at = 0; closedAt === 0; at += 1) {
      const step = pushed(handshake, wire.subarray(at, at + 1), fixed);
      if (step.state === 'drain') closedAt = at + 1 + step.remainingBytes;
      else assert.equal(step.state, 'more', name);
    }
    assert.equal(closedAt, least, name);
  }
});

test('errors name the user and the skew for our log, and never a secret', () => {
  const skewed = feed([request('aead', {}, account, now - 300).envelope]);
  assert.ok(skewed.state === 'drain');
  assert.match(skewed.error.message, /alice@example\.com is 300 s behind/);
  const secrets = [uuid, account.cmdKey, ...account.alterIds].map(toHex);
  const steps = [
    skewed,
    feed([request('aead', {}, stranger).envelope]),
    feed([sealed('aead', forged(good, false))]),
    feed([sealed('legacy', forged(good, false))]),
  ];
  for (const step of steps) {
    const text =
      step.state === 'drain' || step.state === 'close' ? `${step.error.message} ${step.error.stack}` : '';
    assert.notEqual(text, '');
    for (const secret of secrets) assert.ok(!text.replaceAll('-', '').includes(secret));
  }
});

test('a refusal is final', () => {
  const handshake = new ServerHandshake(state, lax, '');
  const refused = pushed(handshake, new Uint8Array(16), state);
  assert.equal(outcome(refused), 'drain ERR_AUTH');
  assert.equal(pushed(handshake, request('aead').envelope, state), refused);
});

test('several users: each connection finds its own', () => {
  const others: Account[] = [];
  const users = [settings];
  for (let n = 0; n < 20; n += 1) {
    const id = crypto.md5(Uint8Array.of(n));
    users.push({ id, alterId: n % 2, email: `${n}`, level: 0 });
    others.push(createAccount(crypto, id, n % 2));
  }
  const server = newState(users);
  for (const [n, other] of others.entries()) {
    const step = feed([request(n % 2 === 0 ? 'aead' : 'legacy', {}, other).envelope], lax, server);
    assert.equal(step.state === 'done' && step.request.user.email, `${n}`);
  }
});

test('a legacy header of a client ahead is refused for as long as its second is in the window', () => {
  for (const ahead of [0, 60, 115, 120]) {
    now = start;
    const server = newState();
    const envelope = sealed('legacy', forged(good), now + ahead);
    assert.equal(feed([envelope], lax, server).state, 'done');
    for (const later of [179, 180, 190, 234, 240]) {
      now = start + later;
      const expected = later <= ahead + 120 ? 'drain ERR_REPLAY' : 'drain ERR_AUTH';
      assert.equal(outcome(feed([envelope], lax, server)), expected, `${ahead} s ahead, ${later} s later`);
    }
  }
});

for (const kind of ['aead', 'legacy'] as const) {
  test(`${kind}: waits for both claims, and keeps what comes meanwhile`, () => {
    const { envelope, keys } = request(kind);
    const wire = Buffer.concat([envelope, Buffer.from('body')]);
    for (const parts of splits(wire, 5)) {
      state = newState();
      state.users.prepare(now);
      const handshake = new ServerHandshake(state, lax, '');
      const claims: { readonly id: string; readonly timestamp: number }[] = [];
      let step: ServerStep = { state: 'more' };
      let waiting: ServerStep | undefined;
      for (const part of parts) {
        const next = handshake.push(part);
        // While it waits, all it says is that it takes more.
        if (waiting !== undefined) assert.equal(next.state, 'more');
        else if (next.state === 'claim') waiting = next;
      }
      while (waiting?.state === 'claim') {
        claims.push({ id: toHex(waiting.id), timestamp: waiting.timestamp });
        waiting = handshake.claimed('fresh');
        step = waiting;
      }
      assert.ok(step.state === 'done', outcome(step));
      assert.equal(Buffer.from(step.rest).toString(), 'body');
      assert.deepEqual(keysAsHex(step.request.keys), keysAsHex(keys));
      const session = toHex(uuid) + toHex(keys.requestKey) + toHex(keys.requestIv);
      const ids = kind === 'aead' ? [toHex(envelope.subarray(0, 16)), session] : [session];
      assert.deepEqual(
        claims.map(({ id }) => id),
        ids,
      );
      for (const { timestamp } of claims) assert.ok(Math.abs(timestamp - now) <= 30);
    }
  });

  test(`${kind}: a store that fails, or is full, refuses`, () => {
    for (const answer of ['full', 'failed'] as const) {
      state = newState();
      state.users.prepare(now);
      const handshake = new ServerHandshake(state, lax, '');
      assert.equal(handshake.push(request(kind).envelope).state, 'claim');
      const code = answer === 'full' ? 'ERR_LIMIT' : 'ERR_INTERNAL';
      assert.equal(outcome(handshake.claimed(answer)), `drain ${code}`);
    }
  });

  test(`${kind}: abandoned while it waits, what is told later changes nothing`, () => {
    state.users.prepare(now);
    const handshake = new ServerHandshake(state, lax, '');
    assert.equal(handshake.push(request(kind).envelope).state, 'claim');
    handshake.abandon();
    assert.equal(outcome(handshake.claimed('fresh')), 'drain ERR_TRUNCATED');
  });
}

test('whoever is not known yet waits for the table of legacy users; AEAD users do not', () => {
  const aead = new ServerHandshake(state, lax, '');
  assert.equal(aead.push(request('aead').envelope).state, 'claim');
  for (const [bytes, expected] of [
    [request('legacy').envelope, 'claim'],
    [new Uint8Array(400), 'drain ERR_AUTH'],
  ] as const) {
    const server = newState();
    const handshake = new ServerHandshake(server, lax, '');
    assert.equal(handshake.push(bytes.subarray(0, 20)).state, 'prepare');
    assert.equal(handshake.push(bytes.subarray(20)).state, 'more');
    server.users.prepare(now);
    assert.equal(outcome(handshake.prepared()), expected);
  }
});

test('with AEAD forced nobody waits for legacy users', () => {
  const forced = { aeadForced: true, disableInsecureEncryption: false };
  assert.equal(outcome(new ServerHandshake(state, forced, '').push(new Uint8Array(16))), 'drain ERR_AUTH');
});
