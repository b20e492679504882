/** Another user: one new connection every 200 ms, timed until a byte has come back from an echo. */
import type { Duplex } from 'node:stream';
import { createClient, type ServerAddress } from '../../src/index.js';
import { readExactly, socksConnect } from '../helper/socks-client.js';
import { canaryId, type Ports } from './cores.js';

/**
 * How the canary comes in: through the inbound `socks` to an address or to a new name each time, or as a VMess user over
 * this transport.
 */
export type Way = 'socks' | 'name' | 'tcp' | 'kcp' | 'quic';

const everyMs = 200;
/** A connection without its byte after this long has failed. */
const patienceMs = 5_000;

export interface CanaryFigures {
  readonly tries: number;
  readonly failed: number;
  /** Of those that succeeded; NaN without any. */
  readonly medianMs: number;
  readonly maxMs: number;
}

interface OpenedConnection {
  readonly stream: Duplex;
  close(): Promise<void>;
}

function serverAddress(way: 'tcp' | 'kcp' | 'quic', ports: Ports): ServerAddress {
  const stream = way === 'tcp' ? {} : { network: way, [`${way}Settings`]: {} };
  const user = { id: canaryId, alterId: 0, security: 'aes-128-gcm' };
  return {
    protocol: 'vmess',
    settings: { vnext: [{ address: '127.0.0.1', port: ports[way], users: [user] }] },
    streamSettings: stream,
  };
}

/** Names so far. */
let asked = 0;

/** Each connection is a new client's, since QUIC's would otherwise share one that was open before the attack. */
async function open(way: Way, ports: Ports, echoPort: number): Promise<OpenedConnection> {
  const target = { host: '127.0.0.1', port: echoPort };
  if (way === 'socks' || way === 'name') {
    asked += 1;
    const host = way === 'name' ? `c${asked}.fast.test` : target.host;
    const stream = await socksConnect(ports.socks, { ...target, host });
    stream.on('error', () => undefined);
    return { stream, close: async () => void stream.destroy() };
  }
  const client = createClient(serverAddress(way, ports));
  try {
    const stream = await client.connect({ ...target, signal: AbortSignal.timeout(patienceMs) });
    stream.on('error', () => undefined);
    return { stream, close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Milliseconds until the echoed byte; rejects without one in time. */
async function probe(way: Way, ports: Ports, echoPort: number): Promise<number> {
  const began = performance.now();
  const { stream, close } = await open(way, ports, echoPort);
  const timer = setTimeout(() => stream.destroy(), patienceMs);
  try {
    stream.write('x');
    await readExactly(stream, 1);
    return performance.now() - began;
  } finally {
    clearTimeout(timer);
    await close();
  }
}

export class Canary {
  readonly #way: Way;
  readonly #ports: Ports;
  readonly #echoPort: number;

  constructor(way: Way, ports: Ports, echoPort: number) {
    this.#way = way;
    this.#ports = ports;
    this.#echoPort = echoPort;
  }

  /** Opens connections until `until` resolves, and waits for those that are open. */
  async run(until: Promise<unknown>): Promise<CanaryFigures> {
    const times: number[] = [];
    let failed = 0;
    const running = new Set<Promise<void>>();
    const begin = (): void => {
      const one = withDeadline(probe(this.#way, this.#ports, this.#echoPort))
        .then((ms) => void times.push(ms))
        .catch(() => {
          failed += 1;
        })
        .finally(() => running.delete(one));
      running.add(one);
    };
    begin();
    const timer = setInterval(begin, everyMs);
    await until;
    clearInterval(timer);
    await Promise.all(running);
    times.sort((a, b) => a - b);
    return {
      tries: times.length + failed,
      failed,
      medianMs: times[times.length >> 1] ?? Number.NaN,
      maxMs: times.at(-1) ?? Number.NaN,
    };
  }
}

/** A SOCKS greeting has no deadline of its own that is short enough. */
function withDeadline(opening: Promise<number>): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no byte came back in time')), patienceMs);
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
