/** What is measured: one entry a figure, each with what tsray shall reach beside V2Ray in the same run. */
import { freePorts } from '../../test/helper/ports.js';
import { clientConfig, manyUserId, serverConfig, userId } from './configs.js';
import { type Core, type RunningCore, startCore } from './cores.js';
import { firstByte } from './first-byte.js';
import {
  idleConnections,
  type Requests,
  requests,
  startIperf,
  startNginx,
  type Transfer,
  transfer,
} from './load.js';
import { median } from './median.js';
import { type StreamName, type Streams, streams } from './streams.js';

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Greatest allowed ratio of tsray's value to V2Ray's; `atLeast`: smallest. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Greatest allowed value of tsray itself, in `unit`. */
  readonly absolute?: number;
}

/** One set-up under load, and what is read off it. */
export interface Scenario {
  readonly name: string;
  readonly contenders: readonly Core[];
  readonly figures: readonly Figure[];
  /** One value for each of `figures`. */
  measure(core: Core): Promise<readonly number[]>;
}

const both: readonly Core[] = ['v2ray', 'tsray'];
const mebibyte = 1024 * 1024;

interface Chain {
  readonly doorPort: number;
  readonly measured: RunningCore;
}

interface ChainOptions {
  readonly role: 'client' | 'server';
  readonly target: 'iperf' | 'nginx';
  readonly security?: string;
  readonly users?: number;
  readonly carrier?: StreamName;
}

/** load → door → client → server → target, with the core in `role` and V2Ray in the other. */
async function withChain(
  core: Core,
  options: ChainOptions,
  use: (chain: Chain) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const [doorPort, serverPort, targetPort] = (await freePorts(3)) as [number, number, number];
  const id = options.users === undefined || options.users === 1 ? userId : manyUserId(options.users - 1);
  const security = options.security ?? 'aes-128-gcm';
  const stream: Streams =
    options.carrier === undefined ? { server: {}, client: {} } : streams[options.carrier]();
  // V2Ray 4.34 has no gRPC: both ends are tsray then.
  const peer: Core = options.carrier === 'grpc over tls' ? 'tsray' : 'v2ray';
  const target = await (options.target === 'iperf' ? startIperf(targetPort) : startNginx(targetPort));
  const server = await startCore(
    options.role === 'server' ? core : peer,
    serverConfig(serverPort, options.users, stream.server),
  );
  const client = await startCore(
    options.role === 'client' ? core : peer,
    clientConfig({ doorPort, serverPort, targetPort, security, id, stream: stream.client, mux: stream.mux }),
  );
  try {
    return await use({ doorPort, measured: options.role === 'client' ? client : server });
  } finally {
    await Promise.all([client.close(), server.close(), target.close()]);
  }
}

/** Nanoseconds of CPU for each of the units that `work` reports, and its report. */
async function cpuOf<T>(
  core: RunningCore,
  work: () => Promise<T>,
  units: (result: T) => number,
): Promise<[number, T]> {
  const before = core.cpuMs();
  const result = await work();
  return [((core.cpuMs() - before) * 1e6) / units(result), result];
}

function speed({ bytes, seconds }: Transfer): number {
  return bytes / seconds / 1e6;
}

type Direction = 'down' | 'up';

function stream(role: 'client' | 'server', direction: Direction, security: string): Scenario {
  const way = direction === 'down' ? 'download' : 'upload';
  const name = `${role}-${way}-${security}`;
  const atMost = role === 'client' && direction === 'down' ? 0.55 : 0.62;
  const cpu: Figure = { id: name, title: `${role}, ${way}, ${security}`, unit: 'ns/B', atMost };
  const throughput: Figure = {
    id: 'client-throughput',
    title: 'client in front of a V2Ray server, one stream, aes-128-gcm',
    unit: 'MB/s',
    atLeast: 1,
  };
  const fast = name === 'client-download-aes-128-gcm';
  return {
    name,
    contenders: both,
    figures: fast ? [cpu, throughput] : [cpu],
    measure: (core) => streamOnce(core, role, direction, security),
  };
}

function streamOnce(
  core: Core,
  role: 'client' | 'server',
  direction: Direction,
  security: string,
): Promise<readonly number[]> {
  return withChain(core, { role, target: 'iperf', security }, async ({ doorPort, measured }) => {
    await transfer(doorPort, 128 * mebibyte, direction);
    const [cost, result] = await cpuOf(
      measured,
      () => transfer(doorPort, 1024 * mebibyte, direction),
      ({ bytes }) => bytes,
    );
    return [cost, speed(result)];
  });
}

/**
 * Microseconds of CPU for each new connection. In short runs: what V2Ray's server takes for a replay it never answers,
 * wrk waits for it until its end, and with 16 such connections there would be no load any more.
 */
async function connectionCost({ doorPort, measured }: Chain): Promise<number> {
  const run = (): Promise<number> =>
    requests(doorPort, { connections: 16, close: true, seconds: 1 }).then(({ count }) => count);
  await run();
  const [cost] = await cpuOf(
    measured,
    async () => (await run()) + (await run()) + (await run()) + (await run()),
    (count) => count,
  );
  return cost / 1000;
}

const newConnection = { unit: 'us', atMost: 0.7 } as const;

function users(count: number): Scenario {
  const many = count.toLocaleString('en');
  const cost: Figure = {
    id: `server-users-${count}`,
    title: `server, one new connection with ${many} ${count === 1 ? 'user' : 'users'}`,
    unit: 'us',
    ...(count === 1 ? newConnection : {}),
  };
  const start: Figure = {
    id: 'users-start',
    title: `server with ${many} users, start`,
    unit: 's',
    absolute: 1,
  };
  const memory: Figure = {
    id: 'users-memory',
    title: `server with ${many} users, memory`,
    unit: 'MB',
    absolute: 100,
  };
  return {
    name: `server-users-${count}`,
    contenders: both,
    figures: count === 10_000 ? [cost, start, memory] : [cost],
    measure: (core) =>
      withChain(core, { role: 'server', target: 'nginx', users: count }, async (chain) => {
        const { measured } = chain;
        const memoryMb = measured.rssBytes() / 1e6;
        return [await connectionCost(chain), measured.startMs / 1000, memoryMb];
      }),
  };
}

/**
 * Latency is the median of so many runs of a second: the process waits for a processor now and then, behind whatever
 * else this machine does, and one such wait of 100 ms makes the p99 of a longer run.
 */
const latencyRuns = 7;

function keepAlive(connections: number): Scenario {
  const at = `at ${connections} ${connections === 1 ? 'connection' : 'connections'}`;
  const cost: Figure = {
    id: 'client-keep-alive',
    title: 'client, keep-alive request of 100 B',
    unit: 'us',
    atMost: 0.75,
  };
  const quantiles = ['p50', 'p99'].map(
    (name): Figure => ({
      id: `latency-${name}-${connections}`,
      title: `client, keep-alive request, ${name} ${at}`,
      unit: 'ms',
      atMost: 1,
    }),
  );
  return {
    name: `client-keep-alive-${connections}`,
    contenders: both,
    figures: connections === 32 ? [...quantiles, cost] : quantiles,
    measure: (core) =>
      withChain(core, { role: 'client', target: 'nginx' }, async ({ doorPort, measured }) => {
        await requests(doorPort, { connections, seconds: 2 });
        const [each, runs] = await cpuOf(
          measured,
          async () => {
            const done: Requests[] = [];
            while (done.length < latencyRuns)
              done.push(await requests(doorPort, { connections, seconds: 1 }));
            return done;
          },
          (done) => done.reduce((sum, { count }) => sum + count, 0),
        );
        return [median(runs.map(({ p50Ms }) => p50Ms)), median(runs.map(({ p99Ms }) => p99Ms)), each / 1000];
      }),
  };
}

/** Resident memory by the connection. What comes and goes with the load has been there before the first one is counted. */
function idleMemory(role: 'client' | 'server'): Scenario {
  const count = 3000;
  return {
    name: `${role}-idle-memory`,
    contenders: both,
    figures: [
      {
        id: `${role}-idle-memory`,
        title: `${role}, memory for each of ${count.toLocaleString('en')} idle connections`,
        unit: 'KiB',
        atMost: 0.6,
      },
      { id: `${role}-start-memory`, title: `${role}, memory before any connection`, unit: 'MB' },
    ],
    measure: (core) =>
      withChain(core, { role, target: 'nginx' }, async ({ doorPort, measured }) => {
        const fresh = measured.rssBytes();
        await requests(doorPort, { connections: 32, seconds: 1 });
        const before = measured.rssBytes();
        const idle = await idleConnections(doorPort, count);
        const after = measured.rssBytes();
        await idle.close();
        return [(after - before) / count / 1024, fresh / 1e6];
      }),
  };
}

/** A download through a transport; V2Ray's gRPC stand-in is its own HTTP/2. */
function carried(carrier: StreamName, atMost?: number): Scenario {
  const size = (carrier === 'kcp' ? 48 : carrier === 'quic' ? 256 : 512) * mebibyte;
  const name = carrier === 'grpc over tls' ? 'grpc over tls (V2Ray: its http/2)' : carrier;
  const id = `transport-${carrier.replaceAll(/[ /]/g, '-')}`;
  const title = `client over ${name}, download`;
  return {
    name: id,
    contenders: both,
    figures: [
      { id, title, unit: 'ns/B', ...(atMost === undefined ? {} : { atMost }) },
      { id: `${id}-speed`, title, unit: 'MB/s' },
    ],
    measure: (core) => {
      const through = carrier === 'grpc over tls' && core === 'v2ray' ? 'http/2 over tls' : carrier;
      return withChain(
        core,
        { role: 'client', target: 'iperf', carrier: through },
        async ({ doorPort, measured }) => {
          await transfer(doorPort, size / 8, 'down');
          const [cost, result] = await cpuOf(
            measured,
            () => transfer(doorPort, size, 'down'),
            ({ bytes }) => bytes,
          );
          return [cost, speed(result)];
        },
      );
    },
  };
}

/** A new connection's first byte over a long way; V2Ray has nothing like `predial`. */
function firstBytes(carrier: StreamName | undefined, predial: number): Scenario {
  const id = `first-byte-${(carrier ?? 'tcp').replaceAll(' ', '-')}-predial-${predial}`;
  const title = `client over ${carrier ?? 'tcp'}, 100 ms each way, first byte of a new connection, ${predial === 0 ? 'no predial' : `predial ${predial}`}`;
  return {
    name: id,
    contenders: both,
    figures: [{ id, title, unit: 'ms', ...(predial === 0 ? {} : { atMost: 1 }) }],
    measure: async (core) => [
      await firstByte({ core, predial, ...(carrier === undefined ? {} : { carrier }) }),
    ],
  };
}

export const scenarios: readonly Scenario[] = [
  stream('client', 'down', 'aes-128-gcm'),
  stream('client', 'down', 'chacha20-poly1305'),
  stream('client', 'up', 'aes-128-gcm'),
  stream('client', 'up', 'chacha20-poly1305'),
  stream('server', 'down', 'aes-128-gcm'),
  stream('server', 'up', 'aes-128-gcm'),
  stream('server', 'down', 'chacha20-poly1305'),
  stream('server', 'up', 'chacha20-poly1305'),
  {
    name: 'client-download-without-addon',
    contenders: ['v2ray', 'tsray without addon'],
    figures: [
      {
        id: 'client-download-without-addon',
        title: 'client without the addon, download, aes-128-gcm',
        unit: 'ns/B',
        atMost: 2.5,
      },
    ],
    measure: (core) => streamOnce(core, 'client', 'down', 'aes-128-gcm'),
  },
  {
    name: 'client-new-connection',
    contenders: both,
    figures: [
      {
        id: 'client-new-connection',
        title: 'client, one new connection with one small request',
        ...newConnection,
      },
    ],
    measure: (core) =>
      withChain(core, { role: 'client', target: 'nginx' }, async (chain) => [await connectionCost(chain)]),
  },
  users(1),
  users(1000),
  users(10_000),
  keepAlive(1),
  keepAlive(32),
  keepAlive(256),
  idleMemory('client'),
  idleMemory('server'),
  carried('tls', 0.8),
  carried('ws', 0.8),
  carried('ws over tls', 0.8),
  carried('http/2 over tls', 1.2),
  carried('grpc over tls', 1.2),
  carried('kcp', 1.2),
  carried('quic', 1.2),
  carried('mux over tcp'),
  carried('mux over ws over tls'),
  firstBytes(undefined, 0),
  firstBytes(undefined, 4),
  firstBytes('ws over tls', 0),
  firstBytes('ws over tls', 4),
];
