/** Builds the DNS client of an instance from its settings. */
import type { DnsClient, FakeAddresses, Resolver } from '../../contract/dns.js';
import type { Logger } from '../../contract/logger.js';
import type { Service } from '../../contract/service.js';
import type { Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import type { Address } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { GeoData } from '../geo/geo-data.js';
import type { DomainItem } from '../router/domain-item.js';
import { NameClient } from './client.js';
import { FakeNames } from './fake-names.js';
import { ServerSlot } from './server-slot.js';
import { FakeServer } from './servers/fake.js';
import { HttpsChannel } from './servers/https.js';
import { LocalServer } from './servers/local.js';
import { MessageServer } from './servers/message-server.js';
import { QuicChannel } from './servers/quic.js';
import type { MessageChannel, NameServer } from './servers/server.js';
import { TcpChannel } from './servers/tcp.js';
import { UdpChannel } from './servers/udp.js';
import type { DnsServerSettings, DnsSettings } from './settings.js';
import type { QueryProtocol, Way } from './way.js';

export interface DnsDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly geo: GeoData;
  /** For `localhost`, and where no servers are configured. */
  readonly system: Resolver;
  /** Past the router, by sockets of our own: for `+local` servers. */
  readonly direct: Way;
  /** Through the router, as from an inbound with this tag. */
  routed(inboundTag: string, protocol: QueryProtocol): Way;
  /** Streams of QUIC connections to `server`. Throws ERR_MISSING_PACKAGE. */
  dialQuic(server: Destination): Dialer;
  /** Certificates that servers are trusted by, beside those of Node; PEM. */
  readonly trusted?: string;
}

/** The client with what belongs to it. */
export interface Dns extends Service {
  readonly client: DnsClient;
  readonly fakeAddresses: FakeAddresses;
}

/** Names that are asked of `localhost` first, if it is one of the servers: V2Ray's list. */
const localNames: readonly DomainItem[] = [
  { kind: 'regexp', value: '^[^.]*$' },
  ...['local', 'localdomain', 'localhost', 'lan', 'home.arpa', 'example', 'invalid', 'test'].map(
    (value): DomainItem => ({ kind: 'domain', value }),
  ),
];

const localhostOnly: DnsServerSettings = {
  name: 'localhost',
  at: { kind: 'localhost' },
  domains: [],
  expectIps: [],
  skipFallback: false,
  queryStrategy: 'UseIP',
  disableCache: true,
};

/** Throws ERR_CONFIG_GEO if a list that it names cannot be had. */
export function createDns(settings: DnsSettings, deps: DnsDeps): Dns {
  const fakeNames = new FakeNames(settings.fakePools, deps.clock);
  const hex = Buffer.from(deps.random.fill(new Uint8Array(8))).toString('hex');
  const ownTag = settings.tag === '' ? `tsray.dns.${hex}` : settings.tag;
  const given = settings.servers.length === 0 ? [localhostOnly] : settings.servers;
  const slots = given.map((each) => {
    const server = createServer(each, each.tag ?? ownTag, fakeNames, deps);
    const local = each.at.kind === 'localhost' ? localNames : [];
    return new ServerSlot({ ...each, domains: [...each.domains, ...local] }, server, deps.geo, deps.clock);
  });
  const tags = new Set([ownTag, ...given.flatMap(({ tag }) => (tag === undefined ? [] : [tag]))]);
  return {
    client: new NameClient(settings, { ...deps, servers: slots, tags }),
    fakeAddresses: fakeNames,
    start: () => Promise.resolve(),
    close: () => {
      for (const slot of slots) slot.close();
      return Promise.resolve();
    },
  };
}

function createServer(
  settings: DnsServerSettings,
  tag: string,
  fakeNames: FakeNames,
  deps: DnsDeps,
): NameServer {
  const { at, clientIp, name } = settings;
  const { clock, direct, random, trusted } = deps;
  const messages = (channel: MessageChannel, whole?: MessageChannel): NameServer =>
    new MessageServer({ name, channel, ...(whole === undefined ? {} : { whole }), clientIp, clock, random });
  switch (at.kind) {
    case 'localhost':
      return new LocalServer(deps.system);
    case 'fake':
      return new FakeServer(fakeNames);
    case 'udp': {
      const way = deps.routed(tag, 'dns');
      const whole = new TcpChannel({ server: to('tcp', at), way, clock });
      return messages(new UdpChannel({ server: to('udp', at), way, clock }), whole);
    }
    case 'tcp': {
      const way = at.local ? direct : deps.routed(tag, 'dns');
      return messages(new TcpChannel({ server: to('tcp', at), way, clock }));
    }
    case 'https': {
      const way = at.local ? direct : deps.routed(tag, 'https');
      return messages(new HttpsChannel({ server: to('tcp', at), path: at.path, way, clock, trusted }));
    }
    case 'quic': {
      const server = to('udp', at);
      return messages(new QuicChannel({ server, dialer: deps.dialQuic(server) }));
    }
  }
}

function to(network: 'tcp' | 'udp', at: { readonly address: Address; readonly port: number }): Destination {
  return { network, address: at.address, port: at.port };
}
