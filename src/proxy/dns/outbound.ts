/** The dns outbound: connections that are routed here carry DNS messages, which the DNS client answers. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { DnsClient } from '../../contract/dns.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { answerMessage, type Verdict } from './answering.js';
import type { MessageHandler } from './message-handler.js';
import { answeredPackets } from './packets.js';
import type { DnsOutboundSettings } from './settings.js';
import { answeredStream } from './stream.js';
import { Upstream, type UpstreamDeps } from './upstream.js';

export interface DnsOutboundDeps extends UpstreamDeps {
  readonly tag: string;
  readonly settings: DnsOutboundSettings;
  readonly dns: DnsClient;
}

/** Messages of one connection that have no reply yet; more are dropped. */
const maxUnderWay = 256;

export function createDnsOutbound(deps: DnsOutboundDeps): Outbound {
  return new DnsOutbound(deps);
}

class DnsOutbound implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[];
  readonly #deps: DnsOutboundDeps;

  constructor(deps: DnsOutboundDeps) {
    this.tag = deps.tag;
    this.levels = [deps.settings.userLevel];
    this.#deps = deps;
  }

  open(context: ConnContext): Promise<Link> {
    return Promise.resolve(answeredStream((reply) => this.#handler(context, 'tcp', reply)));
  }

  openPackets(context: ConnContext): Promise<PacketLink> {
    const { destination } = context;
    return Promise.resolve(answeredPackets(destination, (reply) => this.#handler(context, 'udp', reply)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #handler(
    context: ConnContext,
    network: 'tcp' | 'udp',
    reply: (message: Uint8Array) => void,
  ): MessageHandler {
    const { dns, settings } = this.#deps;
    const abort = new AbortController();
    const upstream = new Upstream(this.#targetOf(context.destination), context, this.#deps, reply);
    // The DNS client's own questions must not come back to it.
    const ownQuestions = dns.asksWith(context.inboundTag);
    let underWay = 0;
    const finish = (verdict: Verdict, message: Uint8Array): void => {
      if (abort.signal.aborted) return;
      if (verdict.kind === 'reply') reply(verdict.message);
      else if (verdict.kind === 'forward') upstream.send(message);
    };
    return {
      handle: (message) => {
        if (ownQuestions) {
          upstream.send(message);
          return;
        }
        if (underWay >= maxUnderWay) return;
        const verdict = answerMessage(message, network, { dns, ...settings }, abort.signal);
        if (!(verdict instanceof Promise)) {
          finish(verdict, message);
          return;
        }
        underWay += 1;
        void verdict.then((late) => {
          underWay -= 1;
          // Only answers come late; the message is not needed any more.
          finish(late, new Uint8Array(0));
        });
      },
      close: () => {
        abort.abort();
        upstream.close();
      },
    };
  }

  #targetOf(destination: Destination): Destination {
    const { address, network, port } = this.#deps.settings;
    return {
      network: network ?? destination.network,
      address: address ?? destination.address,
      port: port ?? destination.port,
    };
  }
}
