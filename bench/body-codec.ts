/**
 * How much the body codec costs per payload byte, by security and chunk size: encode and decode of whole reads, as the
 * handlers call them. `node .build/bench/body-codec.js [seconds per cell]`
 */
import { cpus } from 'node:os';
import { systemRandom } from '../src/core/random.js';
import { defaultCrypto } from '../src/crypto/index.js';
import { nodeCrypto } from '../src/crypto/node.js';
import type { CryptoProvider } from '../src/crypto/provider.js';
import type { BodyFormat, BodyKeys } from '../src/proxy/vmess/body/codec.js';
import { createBodyDecoder, createBodyEncoder } from '../src/proxy/vmess/body/index.js';
import { requestOption, type WireSecurity } from '../src/proxy/vmess/constants.js';

const { chunkStream: S, chunkMasking: M, globalPadding: P, authenticatedLength: A } = requestOption;

const readBytes = 64 * 1024;
const secondsPerCell = Number(process.argv[2] ?? 0.4);

const formats: readonly { name: string; security: WireSecurity; options: number }[] = [
  { name: 'aes-128-gcm SMP', security: 'aes-128-gcm', options: S | M | P },
  { name: 'aes-128-gcm SMPA', security: 'aes-128-gcm', options: S | M | P | A },
  { name: 'chacha20-poly1305 SMP', security: 'chacha20-poly1305', options: S | M | P },
  { name: 'none SM', security: 'none', options: S | M },
  { name: 'aes-128-cfb S', security: 'aes-128-cfb', options: S },
];
const chunkSizes = [64, 512, 1966, 8110, 15000] as const;

const bytes = (): Uint8Array => systemRandom.fill(new Uint8Array(16));

/** CPU nanoseconds of this process per byte of `work`, the best of five rounds. */
function measure(work: () => number): number {
  for (const until = performance.now() + 100; performance.now() < until; ) work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    const before = process.cpuUsage();
    let done = 0;
    for (const until = performance.now() + secondsPerCell * 200; performance.now() < until; ) done += work();
    const used = process.cpuUsage(before);
    best = Math.min(best, ((used.user + used.system) * 1000) / done);
  }
  return best;
}

function cell(
  crypto: CryptoProvider,
  security: WireSecurity,
  options: number,
  maxChunkPayload: number,
): [number, number] {
  const format: BodyFormat = { security, options, command: 'tcp' };
  const [key, iv] = [bytes(), bytes()];
  const keys: BodyKeys = { key, iv, requestKey: key, requestIv: iv };
  const payload = systemRandom.fill(new Uint8Array(readBytes));
  const encoder = createBodyEncoder(format, keys, crypto, systemRandom, { maxChunkPayload });
  const out = new Uint8Array(encoder.maxWireBytes(readBytes));
  const encode = measure(() => {
    encoder.encode(payload, out, 0);
    return readBytes;
  });

  // A decoder takes each stream once: it is given a recorded one in reads that ignore chunk borders.
  const source = createBodyEncoder(format, keys, crypto, systemRandom, { maxChunkPayload });
  const recorded: Uint8Array[] = [];
  for (let count = 0; count < 16; count += 1) {
    const wire = new Uint8Array(source.maxWireBytes(readBytes));
    recorded.push(wire.subarray(0, source.encode(payload, wire, 0)));
  }
  const stream = new Uint8Array(Buffer.concat(recorded));
  const into = new Uint8Array(2 * readBytes + 65_536);
  const decode = measure(() => {
    const decoder = createBodyDecoder(format, keys, crypto);
    let written = 0;
    for (let at = 0; at < stream.length; at += readBytes) {
      written += decoder.push(stream.subarray(at, at + readBytes), into);
    }
    if (written !== 16 * readBytes) throw new Error(`decoded ${written} bytes: ${decoder.failure?.message}`);
    return written;
  });
  return [encode, decode];
}

const cpu = cpus()[0]?.model.trim() ?? 'unknown';
console.log(
  `body codec, CPU ns per payload byte; Node ${process.version}, ${cpu}; reads of ${readBytes} bytes\n`,
);
const head = `${''.padEnd(24)}${chunkSizes.map((size) => `${size} B`.padStart(16)).join('')}`;
const subhead = `${''.padEnd(24)}${chunkSizes.map(() => ' enc     dec'.padStart(16)).join('')}`;
// The addon where it is built, and what runs without it.
const providers = new Set([defaultCrypto(), nodeCrypto]);
for (const crypto of providers) {
  console.log(`provider: ${crypto.name}\n${head}\n${subhead}`);
  for (const { name, security, options } of formats) {
    const cells = chunkSizes.map((size) => cell(crypto, security, options, size));
    const text = cells.map(([encode, decode]) =>
      `${encode.toFixed(2).padStart(9)}${decode.toFixed(2).padStart(7)}`.padStart(16),
    );
    console.log(`${name.padEnd(24)}${text.join('')}`);
  }
  console.log('');
}
