// What does the header of one VMess connection cost, and how does it grow with the number of users?
// Run: npx tsc -p tsconfig.test.json && node .build/bench/header.js
// AMD EPYC (Zen 3), Node 20.20: KDF 7 us, request header made 43 us, response header opened 15 us, request header
// opened 43 us (source seen before) with any number of users, else 375 us on average with 10,000; chance refused: 650 us.
import { createHash } from 'node:crypto';
import { systemRandom } from '../src/core/random.js';
import { nodeCrypto } from '../src/crypto/node.js';
import { type Account, createAccount } from '../src/proxy/vmess/account.js';
import { createRequest, type RequestFields } from '../src/proxy/vmess/client-request.js';
import { ResponseHeaderDecoder, sealResponseHeader } from '../src/proxy/vmess/header/response.js';
import { kdf16, kdfSalt } from '../src/proxy/vmess/kdf.js';
import { ServerHandshake } from '../src/proxy/vmess/server-handshake.js';
import { createServerState } from '../src/proxy/vmess/server-state.js';
import { UserTable } from '../src/proxy/vmess/user-table.js';
import { pushed } from '../test/helper/vmess-handshake.js';

const warmUpMs = 300;
const measureMs = 1000;

/** CPU time of this process: what other processes do meanwhile does not count. */
function cpuUs(): number {
  const { system, user } = process.cpuUsage();
  return system + user;
}

function run(action: () => void, durationMs: number): number {
  const start = cpuUs();
  let count = 0;
  while (cpuUs() - start < durationMs * 1000) {
    for (let n = 0; n < 50; n += 1) action();
    count += 50;
  }
  return (cpuUs() - start) / count;
}

function report(what: string, action: () => void): void {
  run(action, warmUpMs);
  console.log(`${what.padEnd(58)} ${run(action, measureMs).toFixed(1).padStart(8)} us`);
}

const now = Math.floor(Date.now() / 1000);
const deps = { crypto: nodeCrypto, random: systemRandom, nowSeconds: () => now };
const fields: RequestFields = {
  command: 'tcp',
  destination: { address: { kind: 'domain', host: 'example.com' }, port: 443 },
  security: 'aes-128-gcm',
  options: 0x0d,
};

function settings(n: number, alterId: number) {
  const id = createHash('md5').update(`${n}`).digest();
  return { id, alterId, email: `user${n}`, level: 0 };
}

console.log(`Node ${process.version}`);

const authId = systemRandom.fill(new Uint8Array(16));
const nonce = systemRandom.fill(new Uint8Array(8));
const client = createAccount(nodeCrypto, settings(0, 0).id, 0);
report('KDF with three path parts', () => {
  kdf16(client.cmdKey, kdfSalt.requestHeaderKey, authId, nonce);
});
report('AEAD request header made', () => {
  createRequest(fields, client, 'aead', deps);
});
const { keys } = createRequest(fields, client, 'aead', deps);
const response = sealResponseHeader(nodeCrypto, 'aead', keys).envelope;
report('AEAD response header made', () => {
  sealResponseHeader(nodeCrypto, 'aead', keys);
});
report('AEAD response header opened', () => {
  new ResponseHeaderDecoder(nodeCrypto, 'aead', keys).push(response);
});

/** Opens requests that were made before; once they are used up, the memory of what was seen starts anew. */
function reportOpening(what: string, table: UserTable, makers: readonly Account[], sources: number): void {
  const kind = makers[0]!.alterIds.length === 0 ? 'aead' : 'legacy';
  const envelopes = Array.from(
    { length: 1000 },
    (_, n) => createRequest(fields, makers[n % makers.length]!, kind, deps).envelope,
  );
  const options = { aeadForced: false, disableInsecureEncryption: false };
  let state = createServerState({ ...deps, users: table });
  let next = 0;
  report(what, () => {
    if (next === envelopes.length) {
      next = 0;
      state = createServerState({ ...deps, users: table });
    }
    const step = pushed(
      new ServerHandshake(state, options, `source ${next % sources}`),
      envelopes[next]!,
      state,
    );
    next += 1;
    if (step.state !== 'done') throw new Error(`refused: ${step.state}`);
  });
}

for (const count of [1, 1000, 10_000]) {
  const users = Array.from({ length: count }, (_, n) => settings(n, 0));
  const start = cpuUs();
  const table = new UserTable(nodeCrypto, users);
  console.log(`${`${count} users added`.padEnd(58)} ${((cpuUs() - start) / 1000).toFixed(1).padStart(8)} ms`);
  const last = createAccount(nodeCrypto, users[count - 1]!.id, 0);
  reportOpening(`AEAD request header opened, ${count} users, known source`, table, [last], 1);
  const everyone = Array.from({ length: Math.min(count, 97) }, (_, n) =>
    createAccount(nodeCrypto, users[Math.floor((n * count) / 97) % count]!.id, 0),
  );
  reportOpening(`AEAD request header opened, ${count} users, any source`, table, everyone, 1);
  const garbage = new Uint8Array(64);
  const state = createServerState({ ...deps, users: table });
  report(`64 bytes of chance refused, ${count} users`, () => {
    systemRandom.fill(garbage);
    const options = { aeadForced: false, disableInsecureEncryption: false };
    new ServerHandshake(state, options, 'stranger').push(garbage);
  });
}

const legacyUsers = Array.from({ length: 20 }, (_, n) => settings(n, 64));
const legacyTable = new UserTable(nodeCrypto, legacyUsers);
const preparation = cpuUs();
legacyTable.prepare(now);
console.log(
  `${'table of 20 legacy users with alterId 64 made'.padEnd(58)} ${((cpuUs() - preparation) / 1000).toFixed(1).padStart(8)} ms`,
);
const legacyClient = createAccount(nodeCrypto, legacyUsers[7]!.id, 64);
reportOpening('legacy request header opened, 20 users with alterId 64', legacyTable, [legacyClient], 1);
