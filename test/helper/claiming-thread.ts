/** A thread that claims the same IDs as others, when all are told to begin; posts how many were fresh. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedReplays } from '../../src/proxy/vmess/shared-replays.js';

const { buffer, count, start, timestamp } = workerData as {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
  readonly start: SharedArrayBuffer;
  readonly timestamp: number;
};
const replays = new SharedReplays(buffer);
Atomics.wait(new Int32Array(start), 0, 0);
let fresh = 0;
const id = Buffer.alloc(16);
for (let n = 0; n < count; n += 1) {
  id.writeUInt32BE(n, 12);
  if (replays.claim(id, timestamp) === 'fresh') fresh += 1;
}
parentPort?.postMessage(fresh);
