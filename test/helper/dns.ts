/** DNS clients for tests, from the JSON that users write; their servers are in memory. */
import { createDns, type Dns, type DnsDeps } from '../../src/app/dns/create.js';
import type { DnsSettings } from '../../src/app/dns/settings.js';
import type { Way } from '../../src/app/dns/way.js';
import { Checker } from '../../src/config/check/checker.js';
import { inside, type Place } from '../../src/config/check/place.js';
import { ProblemList } from '../../src/config/problem.js';
import { readDns } from '../../src/config/schema/dns/dns.js';
import { readTree } from '../../src/config/v5/read-tree.js';
import { systemClock } from '../../src/core/clock.js';
import { encodeStreamMessage, StreamMessages } from '../../src/core/dns/stream-messages.js';
import { TsrayError } from '../../src/core/errors.js';
import { parseAddress } from '../../src/core/net/address.js';
import { type Destination, formatDestination } from '../../src/core/net/destination.js';
import type { Link, PacketLink, PacketSink } from '../../src/core/stream/link.js';
import { createPipe } from '../../src/core/stream/pipe.js';
import { noGeo } from './geo.js';
import { MemoryLogger } from './memory-log.js';
import { type Answering, replyTo } from './name-server.js';
import { seededRandom } from './seeded-random.js';

export interface ReadDns {
  readonly settings: DnsSettings | undefined;
  /** `path: message` of each error. */
  readonly errors: readonly string[];
}

/** `dns` and `fakedns` as they stand in a configuration. */
export function dnsOf(dns: unknown, fakedns?: unknown): ReadDns {
  const problems = new ProblemList();
  const options = { format: 'json', fileName: 'config.json', order: 0, strict: false } as const;
  const node = readTree(JSON.stringify({ dns, fakedns }), options, problems)!;
  const checker = new Checker(problems, { strict: false, ignoreUnsupported: false, environment: {} });
  const root: Place = { path: [], node, missing: false };
  const settings = readDns(checker, inside(root, 'dns'), inside(root, 'fakedns'));
  const errors = problems.sorted('error').map(({ message, path }) => `${path}: ${message}`);
  return { settings, errors };
}

/** Where servers listen, such as `udp:127.0.0.1:53`, to what they answer. */
export type Servers = Readonly<Record<string, Answering>>;

export interface TestDns extends Dns {
  /** `WHERE NAME TYPE` of each question that a server has seen. */
  readonly asked: string[];
  /** `WHERE by TAG PROTOCOL`, or `WHERE directly`, of each way that was opened. */
  readonly ways: string[];
  readonly log: MemoryLogger;
}

/** Throws what the settings have wrong. A server that is not there is not reached. */
export function testDns(
  dns: unknown,
  servers: Servers = {},
  options: Partial<DnsDeps> & { readonly fakedns?: unknown } = {},
): TestDns {
  const { fakedns, ...deps } = options;
  const { errors, settings } = dnsOf(dns, fakedns);
  if (errors.length > 0 || settings === undefined) throw new Error(errors.join('\n'));
  const asked: string[] = [];
  const ways: string[] = [];
  const log = new MemoryLogger();
  const way = (how: string): Way => memoryWay(servers, asked, (where) => ways.push(`${where} ${how}`));
  const made = createDns(settings, {
    clock: systemClock,
    random: seededRandom(7),
    log,
    geo: noGeo,
    system: { resolve: () => Promise.reject(new TsrayError('ERR_DNS', 'the system knows no names here')) },
    direct: way('directly'),
    routed: (tag, protocol) => way(`by ${tag} ${protocol}`),
    dialQuic: () => {
      throw new TsrayError('ERR_MISSING_PACKAGE', 'no QUIC here');
    },
    ...deps,
  });
  return { ...made, asked, ways, log };
}

function memoryWay(servers: Servers, asked: string[], opened: (where: string) => void): Way {
  const find = (destination: Destination): readonly [where: string, Answering] => {
    const where = formatDestination(destination);
    opened(where);
    const server = servers[where];
    if (server === undefined) throw new TsrayError('ERR_DIAL_REFUSED', `${where} refused the connection`);
    return [where, server];
  };
  const told = (where: string): string[] =>
    new Proxy([] as string[], {
      get: (list, key) =>
        key === 'push' ? (text: string) => asked.push(`${where} ${text}`) : Reflect.get(list, key),
    });
  return {
    async openPackets(destination) {
      const [where, server] = find(destination);
      return new MemoryPackets(destination, (query) => replyTo(query, server, told(where)));
    },
    async openStream(destination) {
      const [where, server] = find(destination);
      return memoryStream((query) => replyTo(query, server, told(where)));
    },
  };
}

function memoryStream(answer: (query: Uint8Array) => Uint8Array | undefined): Link {
  const [client, far] = createPipe();
  const messages = new StreamMessages();
  far.start({
    data(bytes) {
      for (const message of messages.push(bytes)) {
        const reply = answer(message);
        if (reply !== undefined) far.write(encodeStreamMessage(reply));
      }
    },
    end: () => far.close(),
    drain: () => undefined,
    closed: () => undefined,
  });
  return client;
}

class MemoryPackets implements PacketLink {
  readonly #remote: Destination;
  readonly #answer: (query: Uint8Array) => Uint8Array | undefined;
  #sink: PacketSink | undefined;

  constructor(remote: Destination, answer: (query: Uint8Array) => Uint8Array | undefined) {
    this.#remote = remote;
    this.#answer = answer;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
  }

  send(bytes: Uint8Array): boolean {
    const reply = this.#answer(bytes);
    if (reply !== undefined) queueMicrotask(() => this.#sink?.packet(reply, this.#remote));
    return true;
  }

  ref(): void {}

  unref(): void {}

  close(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    queueMicrotask(() => sink?.closed(undefined));
  }

  destroy(): void {
    this.close();
  }
}

/** A server of a few names: IPv4 and IPv6 addresses by name; other names do not exist. */
export function serverOf(names: Readonly<Record<string, readonly string[]>>, ttl = 60): Answering {
  return ({ name, type }) => {
    const addresses = names[name.toLowerCase()];
    if (addresses === undefined) return { rcode: 3 };
    return {
      answers: addresses
        .map(parseAddress)
        .filter(({ kind }) => kind === (type === 'A' ? 'ipv4' : 'ipv6'))
        .map(({ host, kind }) => ({ type: kind === 'ipv4' ? 'A' : 'AAAA', name, ttl, data: host })),
    };
  };
}
