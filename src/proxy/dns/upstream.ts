/** The server that questions go on to: opened with the first of them. */

import type { ConnContext } from '../../contract/conn-context.js';
import type { Resolver } from '../../contract/dns.js';
import type { Outbound } from '../../contract/outbound.js';
import type { BindPackets, Dialer } from '../../contract/transport.js';
import { encodeStreamMessage, StreamMessages } from '../../core/dns/stream-messages.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import { type Destination, formatDestination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';

export interface UpstreamDeps {
  readonly dialer: Dialer;
  readonly bindPackets: BindPackets;
  readonly resolver: Resolver;
  readonly localAddress?: Address | undefined;
  /** The outbound that everything goes through (`proxySettings`). */
  readonly via?: Outbound | undefined;
}

/** Questions that wait for the way to be opened; more are dropped, and asked again by their clients. */
const maxHeld = 64;

/** One way in use: sends messages, and tells of those that come. */
interface OpenWay {
  send(message: Uint8Array): void;
  close(): void;
}

export class Upstream {
  readonly #target: Destination;
  readonly #context: ConnContext;
  readonly #deps: UpstreamDeps;
  readonly #received: (message: Uint8Array) => void;
  #way: OpenWay | undefined;
  #held: Uint8Array[] = [];
  #state: 'idle' | 'opening' | 'open' | 'closed' = 'idle';

  /** `received` is given lent messages. */
  constructor(
    target: Destination,
    context: ConnContext,
    deps: UpstreamDeps,
    received: (message: Uint8Array) => void,
  ) {
    this.#target = target;
    this.#context = context;
    this.#deps = deps;
    this.#received = received;
  }

  /** `message` is lent. */
  send(message: Uint8Array): void {
    if (this.#state === 'open') this.#way!.send(message);
    else if (this.#state !== 'closed' && this.#held.length < maxHeld) {
      this.#held.push(message.slice());
      if (this.#state === 'idle') void this.#open();
    }
  }

  close(): void {
    this.#state = 'closed';
    this.#held = [];
    this.#way?.close();
  }

  async #open(): Promise<void> {
    this.#state = 'opening';
    try {
      const way = this.#target.network === 'tcp' ? await this.#openStream() : await this.#openPackets();
      // It may have been closed meanwhile.
      if ((this.#state as string) === 'closed') {
        way.close();
        return;
      }
      this.#way = way;
      this.#state = 'open';
      for (const message of this.#held.splice(0)) way.send(message);
    } catch (thrown) {
      this.#held = [];
      if ((this.#state as string) !== 'closed') this.#state = 'idle';
      const { log } = this.#context;
      log.info(
        `questions could not go on to ${formatDestination(this.#target)}: ${describeError(toTsrayError(thrown, 'ERR_DIAL_FAILED'))}`,
      );
    }
  }

  /** The next question opens another. */
  #lost(): void {
    if (this.#state === 'open') this.#state = 'idle';
    this.#way = undefined;
  }

  async #openStream(): Promise<OpenWay> {
    const { log, signal } = this.#context;
    const link: Link = await this.#deps.dialer.dial(this.#target, { signal, log });
    const messages = new StreamMessages();
    link.start({
      data: (bytes) => {
        try {
          for (const message of messages.push(bytes)) this.#received(message);
        } catch (error) {
          link.destroy(toTsrayError(error, 'ERR_PROTOCOL'));
        }
      },
      end: () => link.close(),
      drain: () => undefined,
      closed: () => this.#lost(),
    });
    return { send: (message) => link.write(encodeStreamMessage(message)), close: () => link.close() };
  }

  async #openPackets(): Promise<OpenWay> {
    const { localAddress, via } = this.#deps;
    const target = via === undefined ? await this.#resolved() : this.#target;
    let link: PacketLink;
    if (via === undefined) {
      const family = target.address.kind === 'ipv6' ? 'udp6' : 'udp4';
      link = (
        await this.#deps.bindPackets(family, localAddress === undefined ? {} : { bindAddress: localAddress })
      ).link;
    } else link = await via.openPackets({ ...this.#context, destination: target });
    link.start({
      packet: (bytes, remote) => {
        // A socket takes packets from everybody.
        const right = remote.address.kind === 'domain' || via !== undefined || sameHost(remote, target);
        if (right) this.#received(bytes);
      },
      closed: () => this.#lost(),
    });
    return { send: (message) => void link.send(message, target), close: () => link.close() };
  }

  async #resolved(): Promise<Destination> {
    const { address } = this.#target;
    if (address.kind !== 'domain') return this.#target;
    const [first] = await this.#deps.resolver.resolve(address.host, 'any', this.#context.signal);
    if (first === undefined) throw new TsrayError('ERR_DNS', `the name ${address.host} has no address`);
    return { ...this.#target, address: first };
  }
}

function sameHost(a: Destination, b: Destination): boolean {
  return a.port === b.port && a.address.host === b.address.host;
}
