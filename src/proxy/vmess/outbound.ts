/** The VMess outbound: pick a server and a user, dial, send the request header, carry a stream or packets. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { EnvironmentFlags } from '../../contract/environment.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Dialer } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { formatHostPort } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import { retry } from '../../core/retry.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import { levelsOf } from '../upstream/upstream.js';
import { createAccount } from './account.js';
import type { BodyFormat } from './body/codec.js';
import { createBodyEncoder } from './body/index.js';
import type { ChannelOptions } from './channel.js';
import { createRequest } from './client-request.js';
import { decodeSwitchAccount } from './commands.js';
import { type Command, firstPayloadWaitMs, muxHost } from './constants.js';
import { EndSignals } from './end-signals.js';
import type { ResponseHeader } from './header/response.js';
import { createVmessPacketLink } from './packet-link.js';
import { resolveSecurity } from './request-options.js';
import { ResponseOpening } from './response-opening.js';
import { pickUser, type Server, ServerList, type ServerUser } from './server-list.js';
import type { VmessOutboundSettings } from './settings.js';
import { createVmessStreamLink } from './stream-link.js';

/** V2Ray's waits between its five attempts; it also waits after the last, which helps nobody. */
const retryPausesMs = [0, 200, 400, 600];

/** Five connect timeouts of 16 s and the pauses. */
const dialDeadlineMs = 82_000;

export interface VmessOutboundDeps {
  readonly tag: string;
  readonly settings: VmessOutboundSettings;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  readonly flags: Pick<EnvironmentFlags, 'vmessAeadDisabled' | 'vmessPadding'>;
  /** What `auto` stands for on this machine. */
  readonly fastestSecurity: 'aes-128-gcm' | 'chacha20-poly1305';
}

export class VmessOutbound implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[];
  readonly #deps: VmessOutboundDeps;
  readonly #servers: ServerList;

  constructor(deps: VmessOutboundDeps) {
    this.tag = deps.tag;
    this.levels = levelsOf(deps.settings.servers);
    this.#deps = deps;
    this.#servers = new ServerList(
      deps.settings.servers.map((server) => ({
        address: server.address,
        port: server.port,
        users: server.users.map((user) => ({
          account: createAccount(deps.crypto, user.id, user.alterId),
          security: user.security,
          level: user.level,
          authenticatedLength: user.authenticatedLength,
          terminationSignal: user.terminationSignal,
          endSignals: new EndSignals(),
        })),
      })),
    );
  }

  async open(context: ConnContext): Promise<Link> {
    const command: Command = context.destination.address.host === muxHost ? 'mux' : 'tcp';
    return createVmessStreamLink(await this.#dialed(command, context));
  }

  async openPackets(context: ConnContext): Promise<PacketLink> {
    return createVmessPacketLink(await this.#dialed('udp', context), context.destination);
  }

  close(): Promise<void> {
    return this.#deps.dialer.close();
  }

  async #dialed(command: Command, context: ConnContext): Promise<ChannelOptions> {
    const { server, carrier } = await this.#dial(context);
    try {
      return this.#channel(server, carrier, command, context);
    } catch (error) {
      // Such as a name that is too long for the header.
      carrier.destroy();
      throw error;
    }
  }

  /** Each attempt takes the next server in turn. Nothing is retried once bytes were sent. */
  #dial(context: ConnContext): Promise<{ server: Server; carrier: Link }> {
    const { clock, dialer } = this.#deps;
    return retry(
      {
        clock,
        what: this.#servers.size === 1 ? 'the VMess server' : 'the VMess servers',
        pausesMs: retryPausesMs,
        deadlineMs: dialDeadlineMs,
        isFinal: (error) => error.code === 'ERR_BLOCKED',
        signal: context.signal,
      },
      async (_index, signal) => {
        const server = this.#servers.pick(clock.nowMs());
        const carrier = await dialer.dial(
          { network: 'tcp', address: server.address, port: server.port },
          { signal, log: context.log, onConnected: context.onConnected },
        );
        return { server, carrier };
      },
    );
  }

  #channel(server: Server, carrier: Link, command: Command, context: ConnContext): ChannelOptions {
    const { clock, crypto, flags, random } = this.#deps;
    const user = pickUser(server, random);
    const { security, options } = resolveSecurity({
      security: user.security,
      command,
      authenticatedLength: user.authenticatedLength,
      padNone: flags.vmessPadding,
      fastest: this.#deps.fastestSecurity,
    });
    const kind = user.account.alterIds.length === 0 && !flags.vmessAeadDisabled ? 'aead' : 'legacy';
    const { envelope, keys } = createRequest(
      { command, destination: context.destination, security, options },
      user.account,
      kind,
      { crypto, random, nowSeconds: () => Math.floor(clock.nowMs() / 1000) },
    );
    const format: BodyFormat = { security, options, command };
    return {
      carrier,
      clock,
      // Packets need no end, and a Mux connection is over when its sessions are.
      ...(command === 'tcp' ? { endSignals: user.endSignals } : {}),
      preamble: envelope,
      preambleWaitMs: firstPayloadWaitMs,
      encoder: createBodyEncoder(
        format,
        { key: keys.requestKey, iv: keys.requestIv, requestKey: keys.requestKey, requestIv: keys.requestIv },
        crypto,
        random,
        { terminationSignal: user.terminationSignal },
      ),
      input: new ResponseOpening({
        crypto,
        clock,
        kind,
        keys,
        format,
        server: formatHostPort(server.address.host, server.port),
        log: context.log,
        onHeader: (header) => this.#obey(header, server, context),
      }),
    };
  }

  /** Response commands. Switch account adds a server that serves, in turn with the others, until it expires. */
  #obey(header: ResponseHeader, from: Server, context: ConnContext): void {
    const command = decodeSwitchAccount(header);
    if (command === undefined) {
      if (header.command !== 0) context.log.debug(`response command ${header.command} ignored`);
      return;
    }
    const user: ServerUser = {
      account: createAccount(this.#deps.crypto, command.id, command.alterId),
      // V2Ray's learned accounts have security LEGACY.
      security: 'aes-128-cfb',
      level: command.level,
      authenticatedLength: false,
      terminationSignal: true,
      endSignals: new EndSignals(),
    };
    const address = command.address ?? from.address;
    this.#servers.add({
      address,
      port: command.port,
      users: [user],
      validUntilMs: this.#deps.clock.nowMs() + command.validMinutes * 60_000,
    });
    context.log.info(
      `the server offers ${formatHostPort(address.host, command.port)} for ${command.validMinutes} minutes`,
    );
  }
}
