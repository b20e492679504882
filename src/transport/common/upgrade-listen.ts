/** What the servers of ws and httpupgrade share: a request under a deadline, an answer, early data, the source. */
import type { Accepted, Listen } from '../../contract/transport.js';
import { describeError, TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import { type Handshake, type HandshakeStep, performHandshake } from '../../core/stream/handshake.js';
import type { Link } from '../../core/stream/link.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { TransportDeps } from './framing.js';
import { HeadReader, parseRequestHead, type RequestHead } from './http-head.js';
import { forwardedSource, refusal } from './upgrade-server.js';

/** From accepting until the request is read: V2Ray's server. */
const headTimeoutMs = 4000;

/** What a transport makes of a request. */
export type CheckedRequest =
  /** `reason`: for our log; the client is not told. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** `reply`: the 101. `early`: what precedes the first bytes; may be empty. */
  | { readonly kind: 'accepted'; readonly reply: Uint8Array; readonly early: Uint8Array };

export interface UpgradeListenOptions {
  readonly links: Listen;
  readonly deps: Pick<TransportDeps, 'clock' | 'log'>;
  /** The transport's name, for the log. */
  readonly name: string;
  readonly trustForwardedFor: boolean;
  check(head: RequestHead): CheckedRequest;
  /** What carries the bytes once upgraded. */
  wrap(link: Link): Link;
}

export function createUpgradeListen(options: UpgradeListenOptions): Listen {
  const { deps, links, name } = options;
  return (host, port, accept) =>
    links(host, port, (accepted) => {
      open(accepted, options).then(accept, (error: unknown) => {
        const { address, port: from } = accepted.source;
        deps.log.info(`${name}: ${formatHostPort(address.host, from)} refused: ${describeError(error)}`);
      });
    });
}

async function open(accepted: Accepted, options: UpgradeListenOptions): Promise<Accepted> {
  const { clock } = options.deps;
  const handshake = new RequestHandshake(options.check, () => clock.nowMs());
  const { link, value } = await performHandshake(accepted.link, handshake, {
    clock,
    timeoutMs: headTimeoutMs,
    peer: 'the client',
  });
  const { early, head } = value;
  const upgraded = options.wrap(link);
  return {
    link: early.length === 0 ? upgraded : prefixedLink(upgraded, early),
    source: options.trustForwardedFor ? forwardedSource(head, accepted.source) : accepted.source,
    local: accepted.local,
  };
}

interface AcceptedRequest {
  readonly head: RequestHead;
  readonly early: Uint8Array;
}

/** The server's half of an upgrade. Pure. Every wrong request gets the same answer. */
export class RequestHandshake implements Handshake<AcceptedRequest> {
  readonly #reader = new HeadReader();
  readonly #check: (head: RequestHead) => CheckedRequest;
  readonly #nowMs: () => number;

  constructor(check: (head: RequestHead) => CheckedRequest, nowMs: () => number) {
    this.#check = check;
    this.#nowMs = nowMs;
  }

  push(bytes: Uint8Array): HandshakeStep<AcceptedRequest> {
    const step = this.#reader.push(bytes);
    if (step.kind === 'more') return { kind: 'more' };
    const head = step.kind === 'head' ? parseRequestHead(step.lines) : undefined;
    if (step.kind !== 'head' || head === undefined) return this.#refused('it is no HTTP request');
    const checked = this.#check(head);
    if (checked.kind === 'refused') return this.#refused(checked.reason);
    return { kind: 'done', value: { head, early: checked.early }, rest: step.rest, reply: checked.reply };
  }

  #refused(reason: string): HandshakeStep<AcceptedRequest> {
    return { kind: 'failed', error: new TsrayError('ERR_PROTOCOL', reason), reply: refusal(this.#nowMs()) };
  }
}
