/** What is measured: one entry a figure, each with what tsray shall reach beside V2Ray in the same run. */
import { freePorts } from '../../test/helper/ports.js';
import { clientConfig, manyUserId, serverConfig, userId } from './configs.js';
import { type Core, type RunningCore, startCore } from './cores.js';
import { idleConnections, requests, startIperf, startNginx, transfer } from './load.js';
import { type StreamName, streams } from './streams.js';

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly contenders: readonly Core[];
  /** Greatest allowed ratio of tsray's value to V2Ray's; `atLeast`: smallest. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Greatest allowed value of tsray itself, in `unit`. */
  readonly absolute?: number;
  measure(core: Core): Promise<number>;
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
  use: (chain: Chain) => Promise<number>,
): Promise<number> {
  const [doorPort, serverPort, targetPort] = (await freePorts(3)) as [number, number, number];
  const id = options.users === undefined || options.users === 1 ? userId : manyUserId(options.users - 1);
  const security = options.security ?? 'aes-128-gcm';
  const stream = options.carrier === undefined ? { server: {}, client: {} } : streams[options.carrier]();
  // V2Ray 4.34 has no gRPC: both ends are tsray then.
  const peer: Core = options.carrier === 'grpc over tls' ? 'tsray' : 'v2ray';
  const target = await (options.target === 'iperf' ? startIperf(targetPort) : startNginx(targetPort));
  const server = await startCore(
    options.role === 'server' ? core : peer,
    serverConfig(serverPort, options.users, stream.server),
  );
  const client = await startCore(
    options.role === 'client' ? core : peer,
    clientConfig({ doorPort, serverPort, targetPort, security, id, stream: stream.client }),
  );
  try {
    return await use({ doorPort, measured: options.role === 'client' ? client : server });
  } finally {
    await Promise.all([client.close(), server.close(), target.close()]);
  }
}

async function cpuOf(core: RunningCore, work: () => Promise<number>): Promise<number> {
  const before = core.cpuMs();
  const units = await work();
  return ((core.cpuMs() - before) * 1e6) / units;
}

function stream(
  role: 'client' | 'server',
  direction: 'down' | 'up',
  security: string,
  limit: Partial<Figure> = {},
): Figure {
  const way = direction === 'down' ? 'download' : 'upload';
  return {
    id: `${role}-${way}-${security}`,
    title: `${role}, ${way}, ${security}`,
    unit: 'ns/B',
    contenders: both,
    atMost: role === 'client' && direction === 'down' ? 0.55 : 0.62,
    measure: (core) =>
      withChain(core, { role, target: 'iperf', security }, async ({ doorPort, measured }) => {
        await transfer(doorPort, 128 * mebibyte, direction);
        return cpuOf(measured, async () => (await transfer(doorPort, 1024 * mebibyte, direction)).bytes);
      }),
    ...limit,
  };
}

function newConnection(role: 'client' | 'server'): Figure {
  return {
    id: `${role}-new-connection`,
    title: `${role}, one new connection with one small request`,
    unit: 'us',
    contenders: both,
    atMost: 0.7,
    measure: (core) => connectionCost(core, role, 1),
  };
}

/** Microseconds of CPU for each connection. */
function connectionCost(core: Core, role: 'client' | 'server', users: number): Promise<number> {
  return withChain(core, { role, target: 'nginx', users }, async ({ doorPort, measured }) => {
    const load = { connections: 16, close: true };
    await requests(doorPort, { ...load, seconds: 2 });
    return (
      (await cpuOf(measured, async () => (await requests(doorPort, { ...load, seconds: 4 })).count)) / 1000
    );
  });
}

function latency(connections: number, quantile: 'p50Ms' | 'p99Ms'): Figure {
  const name = quantile === 'p50Ms' ? 'p50' : 'p99';
  return {
    id: `latency-${name}-${connections}`,
    title: `client, keep-alive request, ${name} at ${connections} connections`,
    unit: 'ms',
    contenders: both,
    atMost: 1,
    measure: (core) =>
      withChain(core, { role: 'client', target: 'nginx' }, async ({ doorPort }) => {
        await requests(doorPort, { connections, seconds: 2 });
        return (await requests(doorPort, { connections, seconds: 4 }))[quantile];
      }),
  };
}

/** A download through a transport; V2Ray's gRPC stand-in is its own HTTP/2. */
function carried(carrier: StreamName, atMost: number, unit: 'ns/B' | 'MB/s'): Figure {
  const bytes = (carrier === 'kcp' ? 64 : 512) * mebibyte;
  const through = (core: Core): StreamName =>
    carrier === 'grpc over tls' && core === 'v2ray' ? 'http/2 over tls' : carrier;
  const name = carrier === 'grpc over tls' ? 'grpc over tls (V2Ray: its http/2)' : carrier;
  return {
    id: `transport-${carrier.replaceAll(/[ /]/g, '-')}-${unit === 'ns/B' ? 'cpu' : 'speed'}`,
    title: `client over ${name}, download`,
    unit,
    contenders: both,
    ...(unit === 'ns/B' ? { atMost } : {}),
    measure: (core) =>
      withChain(
        core,
        { role: 'client', target: 'iperf', carrier: through(core) },
        async ({ doorPort, measured }) => {
          await transfer(doorPort, bytes / 8, 'down');
          if (unit === 'ns/B')
            return cpuOf(measured, async () => (await transfer(doorPort, bytes, 'down')).bytes);
          const result = await transfer(doorPort, bytes, 'down');
          return result.bytes / result.seconds / 1e6;
        },
      ),
  };
}

const carriers: readonly (readonly [carrier: StreamName, atMost: number])[] = [
  ['tls', 0.8],
  ['ws', 0.8],
  ['ws over tls', 0.8],
  ['http/2 over tls', 1.2],
  ['grpc over tls', 1.2],
  ['kcp', 1.2],
];

export const figures: readonly Figure[] = [
  stream('client', 'down', 'aes-128-gcm'),
  stream('client', 'down', 'chacha20-poly1305'),
  stream('client', 'up', 'aes-128-gcm'),
  stream('client', 'up', 'chacha20-poly1305'),
  stream('server', 'down', 'aes-128-gcm'),
  stream('server', 'up', 'aes-128-gcm'),
  stream('server', 'down', 'chacha20-poly1305'),
  stream('server', 'up', 'chacha20-poly1305'),
  {
    ...stream('client', 'down', 'aes-128-gcm'),
    id: 'client-download-without-addon',
    title: 'client without the addon, download, aes-128-gcm',
    contenders: ['v2ray', 'tsray without addon'],
    atMost: 2.5,
  },
  newConnection('client'),
  newConnection('server'),
  {
    id: 'client-keep-alive',
    title: 'client, keep-alive request of 100 B',
    unit: 'us',
    contenders: both,
    atMost: 0.75,
    measure: (core) =>
      withChain(core, { role: 'client', target: 'nginx' }, async ({ doorPort, measured }) => {
        const load = { connections: 32 };
        await requests(doorPort, { ...load, seconds: 2 });
        return (
          (await cpuOf(measured, async () => (await requests(doorPort, { ...load, seconds: 4 })).count)) /
          1000
        );
      }),
  },
  {
    id: 'client-idle-memory',
    title: 'client, memory for each of 3,000 idle connections',
    unit: 'KB',
    contenders: both,
    atMost: 0.6,
    measure: (core) =>
      withChain(core, { role: 'client', target: 'nginx' }, async ({ doorPort, measured }) => {
        await requests(doorPort, { connections: 32, seconds: 1 });
        const before = measured.rssBytes();
        const idle = await idleConnections(doorPort, 3000);
        const after = measured.rssBytes();
        await idle.close();
        return (after - before) / 3000 / 1000;
      }),
  },
  {
    id: 'client-start-memory',
    title: 'client, memory before any connection',
    unit: 'MB',
    contenders: both,
    measure: (core) =>
      withChain(core, { role: 'client', target: 'nginx' }, ({ measured }) =>
        Promise.resolve(measured.rssBytes() / 1e6),
      ),
  },
  ...[1, 1000, 10_000].map(
    (users): Figure => ({
      id: `server-users-${users}`,
      title: `server, one new connection with ${users.toLocaleString('en')} users`,
      unit: 'us',
      contenders: both,
      measure: (core) => connectionCost(core, 'server', users),
    }),
  ),
  {
    id: 'server-users-start',
    title: 'server with 10,000 users, start',
    unit: 's',
    contenders: both,
    absolute: 1,
    measure: (core) =>
      withChain(core, { role: 'server', target: 'nginx', users: 10_000 }, ({ measured }) =>
        Promise.resolve(measured.startMs / 1000),
      ),
  },
  {
    id: 'server-users-memory',
    title: 'server with 10,000 users, memory',
    unit: 'MB',
    contenders: both,
    absolute: 100,
    measure: (core) =>
      withChain(core, { role: 'server', target: 'nginx', users: 10_000 }, ({ measured }) =>
        Promise.resolve(measured.rssBytes() / 1e6),
      ),
  },
  ...[1, 32, 256].flatMap((connections) => [latency(connections, 'p50Ms'), latency(connections, 'p99Ms')]),
  {
    id: 'client-throughput',
    title: 'client in front of a V2Ray server, one stream',
    unit: 'MB/s',
    contenders: both,
    atLeast: 1,
    measure: (core) =>
      withChain(core, { role: 'client', target: 'iperf' }, async ({ doorPort }) => {
        await transfer(doorPort, 128 * mebibyte, 'down');
        const { bytes, seconds } = await transfer(doorPort, 2048 * mebibyte, 'down');
        return bytes / seconds / 1e6;
      }),
  },
  ...carriers.flatMap(([carrier, atMost]) => [
    carried(carrier, atMost, 'ns/B'),
    carried(carrier, atMost, 'MB/s'),
  ]),
];
