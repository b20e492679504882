import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsrayError } from '../../src/core/errors.js';
import { type Address, ipv4FromBytes, ipv6FromBytes } from '../../src/core/net/address.js';
import { systemRandom } from '../../src/core/random.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { createAccount } from '../../src/proxy/vmess/account.js';
import { createRequest, type RequestFields } from '../../src/proxy/vmess/client-request.js';
import {
  decodeSwitchAccount,
  encodeSwitchAccount,
  type SwitchAccount,
} from '../../src/proxy/vmess/commands.js';
import {
  decodeRequestHeader,
  encodeRequestHeader,
  type RequestHeader,
  requestHeaderBytes,
} from '../../src/proxy/vmess/header/request.js';
import {
  type ResponseHeader,
  ResponseHeaderDecoder,
  type ResponseStep,
  sealResponseHeader,
} from '../../src/proxy/vmess/header/response.js';
import { deriveSessionKeys, type SessionKeys } from '../../src/proxy/vmess/header/session-keys.js';
import { kdf } from '../../src/proxy/vmess/kdf.js';
import { ServerHandshake, type ServerStep } from '../../src/proxy/vmess/server-handshake.js';
import { createServerState, type ServerState } from '../../src/proxy/vmess/server-state.js';
import { UserTable } from '../../src/proxy/vmess/user-table.js';
import { formatUuid, parseUserId, parseUuid } from '../../src/proxy/vmess/uuid.js';
import { anyText } from '../helper/any-text.js';
import { pushed } from '../helper/vmess-handshake.js';

const now = 1_700_000_000;
const plainObjects = { noNullPrototype: true };
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const byte = fc.integer({ min: 0, max: 255 });
const port = fc.integer({ min: 0, max: 65_535 });
const kind = fc.constantFrom('aead' as const, 'legacy' as const);
const security = fc.constantFrom(
  'aes-128-cfb' as const,
  'aes-128-gcm' as const,
  'chacha20-poly1305' as const,
  'none' as const,
);
const domain: fc.Arbitrary<Address> = fc
  .stringMatching(/^[A-Za-z._-][0-9A-Za-z._-]{0,254}$/)
  .map((host) => ({ kind: 'domain', host }));
const address: fc.Arbitrary<Address> = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map(ipv4FromBytes),
  bytes16.filter((bytes) => bytes.subarray(0, 10).some((value) => value !== 0)).map(ipv6FromBytes),
  domain,
);
/** Header options without padding that lacks masking. */
const options = byte.map((bits) => ((bits & 0x04) === 0 ? bits & ~0x08 : bits));

const requestHeader: fc.Arbitrary<RequestHeader> = fc
  .record(
    {
      requestIv: bytes16,
      requestKey: bytes16,
      responseAuth: byte,
      options,
      security,
      command: fc.constantFrom('tcp' as const, 'udp' as const, 'mux' as const),
      address,
      port,
    },
    plainObjects,
  )
  .map((header) =>
    header.command === 'mux'
      ? { ...header, address: { kind: 'domain', host: 'v1.mux.cool' }, port: 0 }
      : header,
  );

/** Where to cut: each number is the length of a piece, over and over. */
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

function pieces(bytes: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let n = 0; at < bytes.length; n += 1) {
    const length = lengths[n % lengths.length]!;
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const bad = new Uint8Array(bytes);
  bad[(bit >>> 3) % bad.length]! ^= 1 << (bit & 7);
  return bad;
}

const user = { id: new Uint8Array(16).fill(7), alterId: 2, email: 'u', level: 0 };
const account = createAccount(nodeCrypto, user.id, user.alterId);

function newState(): ServerState {
  return createServerState({
    crypto: nodeCrypto,
    random: systemRandom,
    nowSeconds: () => now,
    users: new UserTable(nodeCrypto, [user]),
  });
}

/** The outcome, and how many parts it took. */
function serveParts(state: ServerState, parts: readonly Uint8Array[]): { step: ServerStep; used: number } {
  const handshake = new ServerHandshake(state, { aeadForced: false, disableInsecureEncryption: false }, '');
  for (const [index, part] of parts.entries()) {
    const step = pushed(handshake, part, state);
    if (step.state !== 'more') return { step, used: index + 1 };
  }
  return { step: { state: 'more' }, used: parts.length };
}

function serve(state: ServerState, parts: readonly Uint8Array[]): ServerStep {
  return serveParts(state, parts).step;
}

function receive(decoder: ResponseHeaderDecoder, parts: readonly Uint8Array[]): ResponseStep {
  for (const part of parts) {
    const step = decoder.push(part);
    if (step.state !== 'more') return step;
  }
  return { state: 'more' };
}

test('a request header survives its bytes, and its length is known from the bytes alone', () => {
  fc.assert(
    fc.property(requestHeader, fc.uint8Array({ maxLength: 15 }), (header, padding) => {
      const plain = encodeRequestHeader(header, padding);
      assert.equal(requestHeaderBytes(plain), plain.length);
      assert.deepEqual(decodeRequestHeader(plain), { ok: true, header });
    }),
  );
});

test('no bytes make the header reader throw', () => {
  const start = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(
      start,
      fc.constantFrom(0, 1, 2, 3, 4),
      fc.constantFrom(1, 2, 3, 9),
      (plain, command, type) => {
        if (plain.length > 40) {
          plain[37] = command;
          plain[40] = type;
        }
        assert.equal(typeof decodeRequestHeader(plain).ok, 'boolean');
        assert.ok(requestHeaderBytes(plain) >= 38);
      },
    ),
  );
});

test('what a client makes, a server reads, however it is cut', () => {
  const state = newState();
  fc.assert(
    fc.property(
      requestHeader,
      kind,
      cuts,
      fc.uint8Array({ maxLength: 64 }),
      (header, envelopeKind, lengths, body) => {
        const fields: RequestFields = {
          command: header.command,
          destination: { address: header.address, port: header.port },
          security: header.security,
          options: header.options,
        };
        const deps = { crypto: nodeCrypto, random: systemRandom, nowSeconds: () => now };
        const { envelope, keys } = createRequest(fields, account, envelopeKind, deps);
        const parts = pieces(Buffer.concat([envelope, body]), lengths);
        const { step, used } = serveParts(state, parts);
        assert.ok(step.state === 'done');
        assert.equal(step.request.kind, envelopeKind);
        assert.deepEqual(step.request.header, {
          ...header,
          requestIv: keys.requestIv,
          requestKey: keys.requestKey,
          responseAuth: keys.v,
        });
        assert.deepEqual(Buffer.from(step.request.keys.responseKey), Buffer.from(keys.responseKey));
        assert.deepEqual(Buffer.concat([step.rest, ...parts.slice(used)]), Buffer.from(body));
      },
    ),
  );
});

test('a request with any bit flipped is never accepted as AEAD, and never throws as legacy', () => {
  fc.assert(
    fc.property(kind, fc.nat(), cuts, (envelopeKind, bit, lengths) => {
      const fields: RequestFields = {
        command: 'tcp',
        destination: { address: { kind: 'ipv4', host: '192.0.2.1' }, port: 80 },
        security: 'aes-128-gcm',
        options: 0x0d,
      };
      const deps = { crypto: nodeCrypto, random: systemRandom, nowSeconds: () => now };
      const { envelope } = createRequest(fields, account, envelopeKind, deps);
      const step = serve(newState(), pieces(flip(envelope, bit), lengths));
      // A legacy header that now announces more bytes waits for them; its checksum then fails.
      assert.ok(step.state === 'drain' || (envelopeKind === 'legacy' && step.state === 'more'), step.state);
    }),
  );
});

test('no bytes make a server throw, and bytes of chance are always drained within the bounds', () => {
  const state = newState();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), cuts, (garbage, lengths) => {
      const step = serve(state, pieces(garbage, lengths));
      if (garbage.length < 16) {
        assert.equal(step.state, 'more');
        return;
      }
      assert.ok(step.state === 'drain');
      assert.ok(step.error instanceof TsrayError);
      assert.ok(step.remainingBytes >= 0 && step.remainingBytes <= 3383 - 16);
    }),
  );
});

const sessionKeys: fc.Arbitrary<SessionKeys> = fc
  .tuple(kind, bytes16, bytes16, byte)
  .map(([envelopeKind, key, iv, v]) => deriveSessionKeys(nodeCrypto, envelopeKind, key, iv, v));
const responseHeader: fc.Arbitrary<ResponseHeader> = fc
  .record({ options: byte, command: byte, commandData: fc.uint8Array({ maxLength: 255 }) }, plainObjects)
  .map((header) => (header.command === 0 ? { ...header, commandData: new Uint8Array(0) } : header));

test('a response header survives its bytes, however they are cut', () => {
  fc.assert(
    fc.property(kind, sessionKeys, responseHeader, cuts, (envelopeKind, keys, header, lengths) => {
      const { envelope } = sealResponseHeader(nodeCrypto, envelopeKind, keys, header);
      const decoder = new ResponseHeaderDecoder(nodeCrypto, envelopeKind, keys);
      const step = receive(decoder, pieces(Buffer.concat([envelope, Buffer.from('body')]), lengths));
      assert.ok(step.state === 'done');
      assert.deepEqual(step.header, header);
    }),
  );
});

test('an AEAD response header with any bit flipped is refused', () => {
  fc.assert(
    fc.property(sessionKeys, responseHeader, fc.nat(), cuts, (keys, header, bit, lengths) => {
      const { envelope } = sealResponseHeader(nodeCrypto, 'aead', keys, header);
      const decoder = new ResponseHeaderDecoder(nodeCrypto, 'aead', keys);
      const step = receive(decoder, pieces(flip(envelope, bit), lengths));
      assert.equal(step.state === 'failed' && step.error.code, 'ERR_INTEGRITY');
    }),
  );
});

test('no bytes make a response reader throw', () => {
  fc.assert(
    fc.property(
      kind,
      sessionKeys,
      fc.uint8Array({ maxLength: 400 }),
      cuts,
      (envelopeKind, keys, garbage, lengths) => {
        const decoder = new ResponseHeaderDecoder(nodeCrypto, envelopeKind, keys);
        const step = receive(decoder, pieces(garbage, lengths));
        if (step.state === 'failed') assert.ok(step.error instanceof TsrayError);
      },
    ),
  );
});

const switchAccount: fc.Arbitrary<SwitchAccount> = fc.record(
  {
    address: fc.oneof(
      fc.constant(undefined),
      address.filter(({ host }) => host.length <= 228),
    ),
    port: port.filter((number) => number > 0),
    id: bytes16,
    alterId: port,
    level: byte,
    validMinutes: byte,
  },
  plainObjects,
);

test('switch account survives its bytes, and no bytes make its reader throw', () => {
  fc.assert(
    fc.property(switchAccount, (command) => {
      assert.deepEqual(decodeSwitchAccount(encodeSwitchAccount(command)), command);
    }),
  );
  fc.assert(
    fc.property(switchAccount, fc.nat(), (command, bit) => {
      const header = encodeSwitchAccount(command);
      const bad = { ...header, commandData: flip(header.commandData, bit) };
      assert.equal(decodeSwitchAccount(bad), undefined);
    }),
  );
  fc.assert(
    fc.property(byte, fc.uint8Array({ maxLength: 255 }), (command, commandData) => {
      decodeSwitchAccount({ options: 0, command, commandData });
    }),
  );
});

test('UUIDs survive their text, and no text makes the reader throw', () => {
  fc.assert(
    fc.property(bytes16, (id) => {
      assert.deepEqual(parseUuid(formatUuid(id)), id);
      assert.deepEqual(parseUserId(nodeCrypto, formatUuid(id).replaceAll('-', '').toUpperCase()), id);
    }),
  );
  fc.assert(
    fc.property(anyText(60), (text) => {
      const id = parseUserId(nodeCrypto, text);
      assert.ok(id === undefined || id.length === 16);
    }),
  );
});

/** The KDF as its definition reads, over node:crypto. */
function slowKdf(key: Uint8Array, path: readonly Uint8Array[]): Uint8Array {
  type Hash = (message: Uint8Array) => Uint8Array;
  const hmac = (hash: Hash, secret: Uint8Array): Hash => {
    const block = Buffer.alloc(64);
    block.set(secret.length > 64 ? hash(secret) : secret);
    const inner = block.map((value) => value ^ 0x36);
    const outer = block.map((value) => value ^ 0x5c);
    return (message) => hash(Buffer.concat([outer, hash(Buffer.concat([inner, message]))]));
  };
  let hash: Hash = (message) => nodeCrypto.sha256(message);
  for (const element of [Buffer.from('VMess AEAD KDF'), ...path]) hash = hmac(hash, element);
  return hash(key);
}

test('the KDF agrees with its definition for keys and path elements of any length', () => {
  const part = fc.uint8Array({ maxLength: 150 });
  fc.assert(
    fc.property(part, fc.array(part, { maxLength: 4 }), (key, path) => {
      assert.deepEqual(Buffer.from(kdf(key, ...path)), Buffer.from(slowKdf(key, path)));
    }),
  );
});
