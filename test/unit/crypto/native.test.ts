/** The addon's border: what no correct caller does is refused, and threads do not share anything. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type NativeAddon, nativeFlag, nativeSecurity } from '../../../src/native/addon.js';
import { nativeTest } from '../../helper/native.js';
import { projectRoot } from '../../helper/project.js';
import { seededRandom } from '../../helper/seeded-random.js';

const keys = new Uint8Array(64).fill(9);
const { chunked, masked, padded, sealedLength, immediate } = nativeFlag;

function makeEncoder(addon: NativeAddon, flags = chunked | masked) {
  return addon.encoderNew(nativeSecurity['aes-128-gcm'], flags, keys, 15000, 2000);
}

nativeTest('layouts that cannot be are refused', (addon) => {
  const { none, 'aes-128-gcm': gcm, 'aes-128-cfb': cfb } = nativeSecurity;
  const impossible = [
    [gcm, 0],
    [none, chunked | sealedLength],
    [cfb, chunked | immediate],
    [none, chunked | masked | padded | immediate],
    [none, masked],
    [gcm, 64 | chunked],
    [4, chunked],
    [0xffffffff, chunked],
  ] as const;
  for (const [security, flags] of impossible) {
    assert.throws(() => addon.decoderNew(security, flags, keys), Error, `${security} ${flags}`);
    assert.throws(() => addon.encoderNew(security, flags, keys, 1000, 1000), Error, `${security} ${flags}`);
  }
  for (const [chunk, packet] of [
    [0, 10],
    [65535, 10],
    [65520, 10],
    [10, 65520],
    [0xffffffff, 10],
  ] as const) {
    assert.throws(() => addon.encoderNew(gcm, chunked, keys, chunk, packet), Error);
  }
});

nativeTest('arguments of the wrong kind or size are refused', (addon) => {
  const encoder = makeEncoder(addon);
  const decoder = addon.decoderNew(nativeSecurity['aes-128-gcm'], chunked | masked, keys);
  const users = addon.usersNew(false);
  const some = new Uint8Array(100);
  const wrong = <T>(value: unknown): T => value as T;
  assert.throws(() => addon.decoderNew(1, chunked, keys.subarray(1)), RangeError);
  assert.throws(() => addon.encode(encoder, some, some.subarray(1), 0, undefined), RangeError);
  assert.throws(() => addon.encode(encoder, some, new Uint8Array(1000), 1001, undefined), RangeError);
  assert.throws(() => addon.encode(encoder, some, new Uint8Array(1000), -1, undefined), RangeError);
  assert.throws(() => addon.encode(encoder, some, new Uint8Array(1000), 0.5, undefined), RangeError);
  assert.throws(() => addon.encode(encoder, some, new Uint8Array(1000), Number.NaN, undefined), RangeError);
  assert.throws(() => addon.encode(wrong(decoder), some, some, 0, undefined), TypeError);
  assert.throws(() => addon.decode(wrong(encoder), some, some), TypeError);
  assert.throws(() => addon.decode(wrong(users), some, some), TypeError);
  assert.throws(() => addon.decode(wrong({}), some, some), TypeError);
  assert.throws(() => addon.decode(decoder, wrong('text'), some), TypeError);
  assert.throws(() => addon.decode(decoder, wrong(new Uint16Array(4)), some), TypeError);
  assert.throws(() => addon.decode(decoder, wrong(new DataView(new ArrayBuffer(4))), some), TypeError);
  assert.throws(() => wrong<() => void>(addon.decode)(), TypeError);
  assert.throws(() => addon.close(wrong(undefined)), Error);
  assert.throws(() => addon.usersPush(users, some), RangeError);
  assert.throws(() => addon.usersRemove(users, 0), RangeError);
  assert.throws(() => addon.usersFind(users, some, 0, 1), RangeError);
  assert.equal(addon.usersFind(users, new Uint8Array(16), 0, 0xffffffff), -1);
  assert.equal(addon.usersFind(users, new Uint8Array(16), 0xffffffff, 0), -1);
  const key = new Uint8Array(16);
  assert.throws(() => addon.openRequestLength(key, new Uint8Array(41)), RangeError);
  assert.throws(() => addon.openRequestHeader(key, new Uint8Array(57), new Uint8Array(0)), RangeError);
  assert.throws(() => addon.openRequestHeader(key, new Uint8Array(60), new Uint8Array(1)), RangeError);
  assert.throws(
    () => addon.sealRequestHeader(key, key, new Uint8Array(8), key, new Uint8Array(73)),
    RangeError,
  );
  const huge = new Uint8Array(65536);
  assert.throws(
    () => addon.sealRequestHeader(key, key, new Uint8Array(8), huge, new Uint8Array(65594)),
    RangeError,
  );
  assert.throws(() => addon.kdf(key, [new Uint8Array(65)], key), RangeError);
  assert.throws(() => addon.kdf(key, [key, key, key, key], key), RangeError);
  assert.throws(() => addon.kdf(new Uint8Array(56), [], key), RangeError);
});

nativeTest('a closed handle is refused, and closing again does nothing', (addon) => {
  const encoder = makeEncoder(addon);
  const decoder = addon.decoderNew(nativeSecurity['aes-128-gcm'], chunked, keys);
  const some = new Uint8Array(100);
  for (let round = 0; round < 2; round += 1) {
    addon.close(encoder);
    addon.close(decoder);
    assert.throws(() => addon.encodeEnd(encoder, some, 0, undefined), TypeError);
    assert.throws(() => addon.decode(decoder, some, some), TypeError);
  }
});

nativeTest('an output that is too small is told of before anything is written', (addon) => {
  const encoder = makeEncoder(addon);
  const twin = makeEncoder(addon);
  const payload = new Uint8Array(40_000).fill(1);
  const wire = new Uint8Array(41_000);
  assert.throws(() => addon.encode(encoder, payload, wire.subarray(0, 40_053), 0, undefined), RangeError);
  assert.ok(wire.every((byte) => byte === 0));
  assert.equal(addon.encode(encoder, payload, wire, 0, undefined), 40_054);
  const expected = new Uint8Array(40_054);
  addon.encode(twin, payload, expected, 0, undefined);
  assert.deepEqual(wire.subarray(0, 40_054), expected);
});

/** Encodes and decodes in a thread of its own and answers with a digest of what came out. */
const workerSource = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
(async () => {
  const { loadNative } = await import(workerData.module);
  const { addon } = loadNative();
  const keys = new Uint8Array(64).fill(workerData.seed);
  const hash = createHash('sha256');
  const payload = new Uint8Array(50000).fill(workerData.seed);
  const wire = new Uint8Array(60000), out = new Uint8Array(120000);
  const encoder = addon.encoderNew(1, 7, keys, 1500, 1500);
  const decoder = addon.decoderNew(1, 7, keys);
  for (let round = 0; round < 100; round += 1) {
    const end = addon.encode(encoder, payload, wire, 0, undefined);
    for (let at = 0; at < end; at += 997) {
      const written = addon.decode(decoder, wire.subarray(at, Math.min(end, at + 997)), out);
      hash.update(out.subarray(0, written));
    }
  }
  parentPort.postMessage(hash.digest('hex') + ' ' + addon.status[0]);
  if (workerData.linger) setInterval(() => addon.encode(encoder, payload, wire, 0, undefined), 1);
})();
`;

nativeTest('threads work side by side, and end with handles open', async () => {
  const { createHash } = await import('node:crypto');
  const module = new URL('../../../src/native/load.js', import.meta.url).href;
  const workers = Array.from({ length: 6 }, (_, n) => {
    const workerData = { module, seed: n + 1, linger: n % 2 === 0 };
    return { seed: n + 1, worker: new Worker(workerSource, { eval: true, workerData }) };
  });
  await Promise.all(
    workers.map(async ({ seed, worker }) => {
      const answer = await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      const hash = createHash('sha256');
      for (let round = 0; round < 100; round += 1) hash.update(new Uint8Array(50000).fill(seed));
      assert.equal(answer, `${hash.digest('hex')} 0`);
      await worker.terminate();
    }),
  );
});

test('TSRAY_NATIVE=0 switches the addon off and says so', () => {
  const module = new URL('../../../src/crypto/index.js', import.meta.url).href;
  const script = `const c = await import(${JSON.stringify(module)}); console.log(c.defaultCrypto().name, c.describeCrypto())`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: projectRoot,
    env: { ...process.env, TSRAY_NATIVE: '0' },
    encoding: 'utf8',
  });
  assert.equal(result.stdout.trim(), 'node TypeScript (addon switched off by TSRAY_NATIVE=0)');
});

function detachedBytes(): Uint8Array {
  const bytes = new Uint8Array(64);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

nativeTest(
  'arguments of any kind, detached and shared memory among them, end in an error at worst',
  (addon) => {
    const random = seededRandom(20_240);
    const handles: unknown[] = [];
    const kinds: readonly (() => unknown)[] = [
      () => undefined,
      () => null,
      () => -1,
      () => Number.NaN,
      () => 'text',
      () => ({}),
      () => true,
      detachedBytes,
      () => new Uint8Array(new SharedArrayBuffer(64)),
      () => new Int32Array(16),
      () => new DataView(new ArrayBuffer(16)),
      () => new Uint8Array(0),
      () => new Uint8Array(16),
      () => new Uint8Array(64),
      () => new Uint8Array(random.below(40_000)),
      () => random.below(70_000),
      () => [new Uint8Array(random.below(80)), new Uint8Array(8)],
      () => handles[random.below(Math.max(1, handles.length))],
    ];
    const functions = Object.values(addon).filter((value) => typeof value === 'function') as ((
      ...args: unknown[]
    ) => unknown)[];
    assert.ok(functions.length >= 15);
    let returned = 0;
    for (let call = 0; call < 20_000; call += 1) {
      if (call % 50 === 0) {
        handles.push(
          makeEncoder(addon),
          addon.decoderNew(nativeSecurity.none, chunked, keys),
          addon.usersNew(true),
        );
        handles.splice(0, handles.length - 30);
      }
      const made = Array.from({ length: random.below(7) }, () => kinds[random.below(kinds.length)]!());
      if (random.below(2) === 0) made[0] = handles[random.below(handles.length)];
      const called = functions[random.below(functions.length)]!;
      try {
        const result = called(...made);
        // A number may be a descriptor that is open here; watching it would keep the process running.
        if (called === addon.pollOpen) addon.pollClose(result as ReturnType<typeof addon.pollOpen>);
        returned += 1;
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }
    assert.ok(returned > 100);
  },
);

nativeTest('a getter among the arguments cannot take the memory of the others away', (addon) => {
  const key = new Uint8Array(16);
  const out = new Uint8Array(32);
  const path: Uint8Array[] = [];
  Object.defineProperty(path, 0, {
    get() {
      for (const { buffer } of [key, out]) structuredClone(buffer, { transfer: [buffer] });
      return Uint8Array.of(1);
    },
  });
  addon.kdf(key, path, out);
  assert.equal(out.length, 0);
});
