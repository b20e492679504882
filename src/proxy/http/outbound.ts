/** HTTP outbound: connections go through an HTTP proxy's CONNECT. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Outbound } from '../../contract/outbound.js';
import type { PolicyProvider } from '../../contract/policy.js';
import type { Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import { performHandshake } from '../../core/stream/handshake.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { levelsOf, Upstream } from '../upstream/upstream.js';
import { ConnectHandshake, encodeConnect } from './connect-handshake.js';
import type { HttpOutboundSettings, HttpUpstreamServer } from './settings.js';

export interface HttpOutboundDeps {
  readonly tag: string;
  readonly settings: HttpOutboundSettings;
  readonly dialer: Dialer;
  readonly policy: PolicyProvider;
  readonly clock: Clock;
  readonly random: RandomSource;
}

type UpstreamUser = HttpUpstreamServer['users'][number];

export function createHttpOutbound(deps: HttpOutboundDeps): Outbound {
  return new HttpOutbound(deps);
}

class HttpOutbound implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[];
  readonly #deps: HttpOutboundDeps;
  readonly #upstream: Upstream<UpstreamUser>;

  constructor(deps: HttpOutboundDeps) {
    this.tag = deps.tag;
    this.#deps = deps;
    const { dialer, clock, random } = deps;
    const { servers } = deps.settings;
    this.levels = levelsOf(servers);
    this.#upstream = new Upstream({ servers, name: 'the upstream HTTP proxy', dialer, clock, random });
  }

  async open(context: ConnContext): Promise<Link> {
    const { clock, policy } = this.#deps;
    const { link, server, user } = await this.#upstream.dial(context);
    const done = await performHandshake(link, new ConnectHandshake(), {
      clock,
      timeoutMs: policy.forLevel(user?.level ?? 0).handshakeMs,
      opening: encodeConnect(context.destination, user),
      signal: context.signal,
      peer: `the upstream HTTP proxy ${formatHostPort(server.address.host, server.port)}`,
      hint: 'Is an HTTP proxy listening on that address and port?',
    });
    return done.link;
  }

  openPackets(): Promise<PacketLink> {
    return Promise.reject(
      new TsrayError('ERR_UPSTREAM', 'an HTTP proxy carries no datagrams', {
        hint: 'Use a SOCKS 5 server or another outbound for UDP.',
      }),
    );
  }

  close(): Promise<void> {
    return this.#deps.dialer.close();
  }
}
