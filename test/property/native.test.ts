/** The addon's headers and user search against their TypeScript twins. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nodeCrypto } from '../../src/crypto/node.js';
import { createAccount } from '../../src/proxy/vmess/account.js';
import { sealAuthId } from '../../src/proxy/vmess/auth-id.js';
import { envelopePrefixBytes, sealedLengthBytes } from '../../src/proxy/vmess/header/envelope.js';
import { createAuthIdKeys, headerEnvelopes } from '../../src/proxy/vmess/implementation.js';
import { kdf } from '../../src/proxy/vmess/kdf.js';
import { toHex } from '../helper/header-vectors.js';
import { nativeTest } from '../helper/native.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const header = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.constant(new Uint8Array(65535).fill(7)));
const key = bytes(16);

function hexOrNothing(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : toHex(value);
}

nativeTest('the KDF equals the TypeScript one for every path the addon takes', (addon) => {
  const element = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 55 }), fc.array(element, { maxLength: 3 }), (secret, path) => {
      const out = new Uint8Array(32);
      addon.kdf(secret, path, out);
      assert.equal(toHex(out), toHex(kdf(secret, ...path)));
    }),
    { numRuns: 300 },
  );
});

nativeTest('request envelopes equal the TypeScript ones, and so does what opens', (addon) => {
  const twin = headerEnvelopes(nodeCrypto);
  const native = headerEnvelopes({ ...nodeCrypto, addon });
  fc.assert(
    fc.property(key, key, bytes(8), header, fc.nat(), (cmdKey, authId, nonce, plain, place) => {
      const envelope = native.sealRequest(cmdKey, authId, nonce, plain);
      assert.equal(toHex(envelope), toHex(twin.sealRequest(cmdKey, authId, nonce, plain)));
      assert.equal(native.openRequestLength(cmdKey, envelope.subarray(0, envelopePrefixBytes)), plain.length);
      assert.equal(hexOrNothing(native.openRequest(cmdKey, envelope)), toHex(plain));
      envelope[place % envelope.length]! ^= 1 << (place % 8);
      assert.equal(native.openRequestLength(cmdKey, envelope), twin.openRequestLength(cmdKey, envelope));
      assert.equal(
        hexOrNothing(native.openRequest(cmdKey, envelope)),
        hexOrNothing(twin.openRequest(cmdKey, envelope)),
      );
      const short = envelope.subarray(0, envelopePrefixBytes + (place % 17));
      assert.equal(
        hexOrNothing(native.openRequest(cmdKey, short)),
        hexOrNothing(twin.openRequest(cmdKey, short)),
      );
    }),
    { numRuns: 60 },
  );
});

nativeTest('response envelopes equal the TypeScript ones, and so does what opens', (addon) => {
  const twin = headerEnvelopes(nodeCrypto);
  const native = headerEnvelopes({ ...nodeCrypto, addon });
  fc.assert(
    fc.property(key, key, header, fc.nat(), (secret, iv, plain, place) => {
      const envelope = native.sealResponse(secret, iv, plain);
      assert.equal(toHex(envelope), toHex(twin.sealResponse(secret, iv, plain)));
      const split = () =>
        [envelope.subarray(0, sealedLengthBytes), envelope.subarray(sealedLengthBytes)] as const;
      assert.equal(native.openResponseLength(secret, iv, split()[0]), plain.length);
      assert.equal(hexOrNothing(native.openResponse(secret, iv, split()[1])), toHex(plain));
      envelope[place % envelope.length]! ^= 1 << (place % 8);
      const [length, rest] = split();
      assert.equal(
        native.openResponseLength(secret, iv, length),
        twin.openResponseLength(secret, iv, length),
      );
      assert.equal(
        hexOrNothing(native.openResponse(secret, iv, rest)),
        hexOrNothing(twin.openResponse(secret, iv, rest)),
      );
    }),
    { numRuns: 60 },
  );
});

nativeTest('users are found alike with AES instructions, without them, and in TypeScript', (addon) => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), user: fc.nat(40) }),
    fc.record({ do: fc.constant('remove' as const), at: fc.nat(60) }),
    fc.record({ do: fc.constant('find' as const), user: fc.nat(40), from: fc.nat(8), to: fc.nat(70) }),
  );
  const authIds = Array.from({ length: 41 }, (_, user) => {
    const account = createAccount(nodeCrypto, new Uint8Array(16).fill(user + 1), 0);
    const authId = new Uint8Array(16);
    sealAuthId(account.authIdSchedule, 0xfffffff0 + (user % 8), Uint8Array.of(user, 2, 3, 4), authId);
    return { cmdKey: account.cmdKey, authId };
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const portable = { ...addon, usersNew: () => addon.usersNew(true) };
      const tables = [{}, { addon }, { addon: portable }].map((crypto) => createAuthIdKeys(crypto));
      let count = 0;
      for (const action of steps) {
        if (action.do === 'push') {
          for (const table of tables) table.push(authIds[action.user]!.cmdKey);
          count += 1;
        } else if (action.do === 'remove') {
          if (count === 0) continue;
          for (const table of tables) table.remove(action.at % count);
          count -= 1;
        } else {
          const found = tables.map((table) => {
            const index = table.find(authIds[action.user]!.authId, action.from, action.to);
            return index < 0 ? 'none' : `${index} at ${table.seconds}`;
          });
          assert.deepEqual(found, [found[0], found[0], found[0]]);
        }
      }
    }),
    { numRuns: 150 },
  );
});
