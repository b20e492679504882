/**
 * The addon against its TypeScript twin, each as the handlers call it: bodies in ns per payload byte at V2Ray's chunk
 * size and at ours, one small chunk, one connection's two directions, headers, and one AuthID among many users.
 * `node .build/bench/native-codec.js`
 */
import { cpus } from 'node:os';
import { systemRandom } from '../src/core/random.js';
import { defaultCrypto, describeCrypto } from '../src/crypto/index.js';
import { nodeCrypto } from '../src/crypto/node.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import type { BodyFormat, BodyKeys } from '../src/proxy/vmess/body/codec.js';
import { createBodyDecoder, createBodyEncoder } from '../src/proxy/vmess/body/index.js';
import { requestOption, type WireSecurity } from '../src/proxy/vmess/constants.js';
import { createAuthIdKeys, headerEnvelopes } from '../src/proxy/vmess/implementation.js';

const { chunkStream: S, chunkMasking: M, globalPadding: P } = requestOption;
const readBytes = 256 * 1024;
const random = (length: number): Uint8Array => systemRandom.fill(new Uint8Array(length));

/** Nanoseconds of CPU per unit that `work` counts; the best of seven rounds. */
function measure(work: () => number): number {
  for (const until = performance.now() + 60; performance.now() < until; ) work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round += 1) {
    const before = process.cpuUsage();
    let done = 0;
    for (const until = performance.now() + 60; performance.now() < until; ) done += work();
    const used = process.cpuUsage(before);
    best = Math.min(best, ((used.user + used.system) * 1000) / done);
  }
  return best;
}

function keys(): BodyKeys {
  const [key, iv] = [random(16), random(16)];
  return { key, iv, requestKey: key, requestIv: iv };
}

function body(
  crypto: CryptoProvider,
  security: WireSecurity,
  chunk: number,
  bytes: number,
): [encode: number, decode: number] {
  const format: BodyFormat = { security, options: S | M | P, command: 'tcp' };
  const own = keys();
  const payload = random(bytes);
  const options = { maxChunkPayload: chunk };
  const encoder = createBodyEncoder(format, own, crypto, systemRandom, options);
  const wire = new Uint8Array(encoder.maxWireBytes(bytes));
  const encode = measure(() => {
    encoder.encode(payload, wire, 0);
    return bytes;
  });
  encoder.close();

  // A decoder takes a stream once, so each round has a decoder of its own and many reads.
  const source = createBodyEncoder(format, own, crypto, systemRandom, options);
  const reads = Array.from({ length: 64 }, () => wire.slice(0, source.encode(payload, wire, 0)));
  source.close();
  const out = new Uint8Array(2 * bytes + 70_000);
  const decode = measure(() => {
    const decoder = createBodyDecoder(format, own, crypto);
    for (const read of reads) {
      if (decoder.push(read, out) !== bytes) throw new Error('decoded too little');
    }
    decoder.close();
    return reads.length * bytes;
  });
  return [encode, decode];
}

const native = defaultCrypto();
const providers = native.addon === undefined ? [nodeCrypto] : [native, nodeCrypto];
console.log(
  `Node ${process.version}, OpenSSL ${process.versions.openssl}, ${cpus()[0]?.model.trim()}; ${describeCrypto()}\n`,
);

function row(name: string, unit: string, cells: readonly number[]): void {
  const [fast, slow] = [cells[0]!, cells.at(-1)!];
  const ratio = cells.length > 1 ? `${(slow / fast).toFixed(1)} times`.padStart(14) : '';
  console.log(
    `${name.padEnd(44)}${cells.map((cell) => cell.toFixed(2).padStart(12)).join('')} ${unit}${ratio}`,
  );
}
console.log(
  `${''.padEnd(44)}${providers.map(({ name }) => (name === 'node' ? 'TypeScript' : name).padStart(12)).join('')}`,
);

for (const security of ['aes-128-gcm', 'chacha20-poly1305', 'none', 'aes-128-cfb'] as const) {
  for (const chunk of [1966, 15000]) {
    const cells = providers.map((crypto) => body(crypto, security, chunk, readBytes));
    for (const [index, way] of ['encode', 'decode'].entries()) {
      row(
        `${security}, ${chunk} B, ${way}`,
        'ns/B',
        cells.map((cell) => cell[index]!),
      );
    }
  }
}
for (const security of ['aes-128-gcm', 'chacha20-poly1305'] as const) {
  const cells = providers.map((crypto) => body(crypto, security, 15000, 100));
  for (const [index, way] of ['encode', 'decode'].entries()) {
    row(
      `${security}, one chunk of 100 B, ${way}`,
      'us  ',
      cells.map((cell) => cell[index]! / 10),
    );
  }
}
row(
  'aes-128-gcm, both directions made and closed',
  'us  ',
  providers.map((crypto) => {
    const format: BodyFormat = { security: 'aes-128-gcm', options: S | M | P, command: 'tcp' };
    const own = keys();
    return (
      measure(() => {
        createBodyEncoder(format, own, crypto, systemRandom).close();
        createBodyDecoder(format, own, crypto).close();
        return 1;
      }) / 1000
    );
  }),
);

const [cmdKey, authId, nonce, plain] = [random(16), random(16), random(8), random(62)];
const headers: readonly (readonly [string, (crypto: CryptoProvider) => () => void])[] = [
  [
    'request envelope, seal',
    (crypto) => () => headerEnvelopes(crypto).sealRequest(cmdKey, authId, nonce, plain),
  ],
  [
    'request envelope, open',
    (crypto) => {
      const envelope = headerEnvelopes(crypto).sealRequest(cmdKey, authId, nonce, plain);
      return () => {
        headerEnvelopes(crypto).openRequestLength(cmdKey, envelope);
        if (headerEnvelopes(crypto).openRequest(cmdKey, envelope) === undefined)
          throw new Error('does not open');
      };
    },
  ],
  ['response envelope, seal', (crypto) => () => headerEnvelopes(crypto).sealResponse(cmdKey, authId, plain)],
  [
    'response envelope, open',
    (crypto) => {
      const envelope = headerEnvelopes(crypto).sealResponse(cmdKey, authId, plain);
      return () => {
        headerEnvelopes(crypto).openResponseLength(cmdKey, authId, envelope.subarray(0, 18));
        headerEnvelopes(crypto).openResponse(cmdKey, authId, envelope.subarray(18));
      };
    },
  ],
];
for (const [name, make] of headers) {
  row(
    name,
    'us  ',
    providers.map((crypto) => {
      const work = make(crypto);
      return (
        measure(() => {
          work();
          return 1;
        }) / 1000
      );
    }),
  );
}
const users = Array.from({ length: 10_000 }, () => random(16));
row(
  '10,000 users added, each',
  'us  ',
  providers.map(
    (crypto) =>
      measure(() => {
        const table = createAuthIdKeys(crypto);
        for (const user of users.slice(0, 500)) table.push(user);
        return 500;
      }) / 1000,
  ),
);
row(
  'an AuthID of none of 10,000 users',
  'us  ',
  providers.map((crypto) => {
    const table = createAuthIdKeys(crypto);
    for (const user of users) table.push(user);
    return (
      measure(() => {
        table.find(authId, 0, users.length);
        return 1;
      }) / 1000
    );
  }),
);
