/** Inbounds from settings: one entry for each protocol. */
import type { InboundSettings } from '../config/settings.js';
import type { ConnContext } from '../contract/conn-context.js';
import type { Dispatcher } from '../contract/dispatcher.js';
import type { Inbound } from '../contract/inbound.js';
import type { Link } from '../core/stream/link.js';
import { createDokodemoInbound } from '../proxy/dokodemo/inbound.js';
import { HttpConnectionHandler } from '../proxy/http/handler.js';
import { createHttpInbound } from '../proxy/http/inbound.js';
import { createMuxDispatcher } from '../proxy/mux/dispatcher.js';
import type { MuxServer } from '../proxy/mux/server.js';
import { createPacketAddrDispatcher } from '../proxy/packet-addr/dispatcher.js';
import { DynamicPorts } from '../proxy/ports/dynamic-ports.js';
import type { OpenPorts } from '../proxy/ports/inbound-ports.js';
import { ListenerGroup } from '../proxy/ports/listener-group.js';
import { createSocksInbound } from '../proxy/socks/inbound.js';
import { Detour } from '../proxy/vmess/detour.js';
import { createVmessInbound } from '../proxy/vmess/inbound.js';
import { createServerState, type ServerStateDeps } from '../proxy/vmess/server-state.js';
import type { VmessUserSettings } from '../proxy/vmess/settings.js';
import { UserTable } from '../proxy/vmess/user-table.js';
import { listeningSocketOptions } from '../transport/socket/sockopt.js';
import { createStreamListen } from '../transport/stack/stack.js';
import { bindPacketsWith } from '../transport/udp/bind-own.js';
import { redirectedBinder } from '../transport/udp/redirected.js';
import { type Parts, transportDeps } from './parts.js';

/** What inbounds need beside the parts. */
export interface InboundParts extends Parts {
  readonly dispatcher: Dispatcher;
  /** The dispatcher that sniffs as an inbound's settings say. Absent: `dispatcher`, for all of them. */
  readonly dispatcherFor?: (settings: InboundSettings) => Dispatcher;
  /** Whether some rule looks at HTTP requests (`attrs`). Absent: none does. */
  readonly routesByRequest?: () => boolean;
  readonly mux: MuxServer;
  /** Every VMess inbound's, for clients that another one sends there; filled as they are made. */
  readonly detours: Map<string, Detour>;
  /** The users of VMess inbounds, in place of a table of each inbound's own. */
  readonly vmessUsers?: UserTable | undefined;
  /** Where VMess inbounds put their users, for whoever changes them while they run. Absent: nobody does. */
  readonly userStores?: WeakMap<Inbound, InboundUsers>;
  /** What a VMess inbound remembers of handshakes. Absent: it begins with a memory of its own. */
  readonly handshakesOf?: (settings: InboundSettings) => HandshakeStores;
}

/** The users of a running inbound, in whatever thread it runs. Changes take effect before the promise resolves. */
export interface InboundUsers {
  /** Rejects with ERR_CONFIG_CONFLICT if another user has the email. */
  add(user: VmessUserSettings): Promise<void>;
  /** False if there is no such user. */
  remove(email: string): Promise<boolean>;
}

/** The stores of `ServerState`. */
export type HandshakeStores = Required<Pick<ServerStateDeps, 'replays' | 'sessions' | 'tainted'>>;

/** Told of each Mux carrier; `served` resolves when it is gone. */
export type OnCarrier = (context: ConnContext, link: Link, served: Promise<unknown>) => void;

/** What an inbound of any protocol is made with. */
export interface InboundDeps {
  readonly parts: InboundParts;
  /** Serves Mux and packets with addresses of whatever inbound, as in V2Ray. */
  readonly dispatcher: Dispatcher;
  /** Everything that its listeners are made from. */
  readonly place: unknown;
  readonly openPorts: OpenPorts;
}

type Protocol = InboundSettings['protocol'];

/** The protocols: each makes an inbound of its settings. */
export type InboundProtocols = {
  readonly [P in Protocol]: (
    settings: Extract<InboundSettings, { readonly protocol: P }>,
    deps: InboundDeps,
  ) => Inbound;
};

/** The built-in protocols. A new one is a folder below proxy/ and a line here. */
export const inboundProtocols: InboundProtocols = {
  socks: ({ settings, stream, tag }, { dispatcher, openPorts, parts, place }) => {
    const { accounts, auth, mixed, userLevel } = settings;
    const bindPackets = bindPacketsWith(listeningSocketOptions(stream.sockopt));
    const common = { ...parts, log: parts.logger, tag, place, openPorts, dispatcher, bindPackets };
    if (!mixed) return createSocksInbound({ ...common, settings });
    const fallback = new HttpConnectionHandler({
      ...common,
      settings: { accounts: auth === 'password' ? accounts : [], allowTransparent: false, userLevel },
    });
    return createSocksInbound({ ...common, settings, fallback });
  },
  http: ({ settings, tag }, { dispatcher, openPorts, parts, place }) =>
    createHttpInbound({ ...parts, log: parts.logger, tag, place, openPorts, dispatcher, settings }),
  'dokodemo-door': (
    { listen: host, ports, settings, stream, tag },
    { dispatcher, openPorts, parts, place },
  ) =>
    createDokodemoInbound({
      ...parts,
      log: parts.logger,
      tag,
      place,
      openPorts,
      dispatcher,
      settings,
      host,
      ports,
      bindPackets: bindPacketsWith(listeningSocketOptions(stream.sockopt)),
      ...(settings.followRedirect === true && stream.sockopt.tproxy === 'tproxy'
        ? { bindRedirected: redirectedBinder(listeningSocketOptions(stream.sockopt)) }
        : {}),
    }),
  vmess: (given, { dispatcher, openPorts, parts, place }) => {
    const { settings, tag } = given;
    const { clients, defaultUser, detourTo, disableInsecureEncryption } = settings;
    const { clock, crypto, detours, random } = parts;
    const users = parts.vmessUsers ?? new UserTable(crypto, clients);
    const nowSeconds = (): number => Math.floor(clock.nowMs() / 1000);
    const inbound = createVmessInbound({
      ...parts,
      log: parts.logger,
      tag,
      place,
      openPorts,
      dispatcher,
      disableInsecureEncryption,
      server: createServerState({ crypto, random, nowSeconds, users, ...parts.handshakesOf?.(given) }),
      ...(detourTo === undefined
        ? {}
        : { switchAccount: (user) => detours.get(detourTo)?.offer(user.email) }),
    });
    parts.userStores?.set(inbound, {
      add: async (user) => void users.add(user),
      remove: async (email) => users.remove(email),
    });
    detours.set(tag, new Detour({ users, defaultUser, random, offerPort: () => inbound.offer() }));
    return inbound;
  },
};

export function createInbound(
  settings: InboundSettings,
  parts: InboundParts,
  protocols: InboundProtocols = inboundProtocols,
): Inbound {
  const { allocation, listen, ports, stream } = settings;
  const routed = parts.dispatcherFor?.(settings) ?? parts.dispatcher;
  const dispatcher = createMuxDispatcher(createPacketAddrDispatcher(routed, parts), parts.mux);
  // The table's type says that each entry takes the settings of its own protocol; indexing it loses that.
  const create = protocols[settings.protocol] as (settings: InboundSettings, deps: InboundDeps) => Inbound;
  return create(settings, {
    parts,
    dispatcher,
    place: { allocation, listen, ports, stream },
    openPorts: openPorts(settings, parts),
  });
}

function openPorts(settings: InboundSettings, parts: InboundParts): OpenPorts {
  const { allocation, listen: host, ports, stream } = settings;
  const { clock, logger: log, random } = parts;
  const listen = createStreamListen(stream, transportDeps(parts));
  return (accept) =>
    allocation.strategy === 'random'
      ? new DynamicPorts({ ...allocation, listen, host, ports, accept, clock, random, log })
      : new ListenerGroup({ listen, host, ports, random, accept });
}
