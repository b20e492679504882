/** Dials httpupgrade: a request as for WebSocket but without its key, then raw bytes both ways. */
import type { Dialer, DialOptions } from '../../contract/transport.js';
import { encodeHead, type Field } from '../../core/http1/fields.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { performHandshake } from '../../core/stream/handshake.js';
import { LateLink } from '../../core/stream/late-link.js';
import type { Link } from '../../core/stream/link.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { ClientCarrier, CreateFramedDialer, TransportDeps } from '../carrier/framing.js';
import { divideFirstWrite, encodePaddedEarlyData } from '../http1/early-data.js';
import {
  configuredFields,
  destinationHost,
  goCase,
  requestFields,
  requestTarget,
} from '../http1/upgrade-request.js';
import { ResponseHandshake } from './response.js';
import type { HttpUpgradeSettings } from './settings.js';

/** From the connected link to the server's 101; as for ws. */
const upgradeTimeoutMs = 8000;

const none = new Uint8Array(0);

/** What the first write of a connection becomes. */
interface Opening {
  /** Sent without waiting for the answer. */
  readonly bytes: Uint8Array;
  /** Sent after the answer. */
  readonly rest: Uint8Array;
}

export const createHttpUpgradeDialer: CreateFramedDialer<HttpUpgradeSettings> = (settings, carrier, deps) =>
  new HttpUpgradeDialer(settings, carrier, deps);

class HttpUpgradeDialer implements Dialer {
  readonly #settings: HttpUpgradeSettings;
  readonly #carrier: ClientCarrier;
  readonly #deps: TransportDeps;
  readonly #startLine: string;
  readonly #fields: readonly Field[];

  constructor(settings: HttpUpgradeSettings, carrier: ClientCarrier, deps: TransportDeps) {
    this.#settings = settings;
    this.#carrier = carrier;
    this.#deps = deps;
    this.#startLine = `GET ${requestTarget(settings.path)} HTTP/1.1`;
    this.#fields = [
      ...configuredFields(settings.headers),
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ];
  }

  async dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    const { earlyDataHeaderName, maxEarlyData } = this.#settings;
    const link = await this.#carrier.links.dial(destination, options);
    if (maxEarlyData === 0 || earlyDataHeaderName === '') {
      return this.#upgrade(
        link,
        { bytes: this.#request(destination), rest: none },
        destination,
        options.signal,
      );
    }
    // Read until then, so that a server that goes away is noticed.
    const idle = prefixedLink(link, none);
    return new LateLink({
      open: (first, signal) => this.#upgrade(idle, this.#opening(first, destination), destination, signal),
      discard: () => idle.destroy(),
      watch: (left) => {
        idle.whenLeft(left);
        return () => idle.whenLeft(() => {});
      },
    });
  }

  close(): Promise<void> {
    return this.#carrier.links.close();
  }

  #opening(first: Uint8Array, destination: Destination): Opening {
    const { earlyDataHeaderName, maxEarlyData } = this.#settings;
    const { early, rest } = divideFirstWrite(first, maxEarlyData, false);
    const field: Field = [goCase(earlyDataHeaderName), encodePaddedEarlyData(early)];
    return { bytes: this.#request(destination, field), rest };
  }

  #request(destination: Destination, ...more: readonly Field[]): Uint8Array {
    const host = this.#settings.host ?? destinationHost(destination, this.#carrier.secure);
    return encodeHead(this.#startLine, requestFields(host, [...this.#fields, ...more]));
  }

  async #upgrade(
    carrier: Link,
    opening: Opening,
    destination: Destination,
    signal: AbortSignal | undefined,
  ): Promise<Link> {
    const where = formatHostPort(destination.address.host, destination.port);
    const { link } = await performHandshake(carrier, new ResponseHandshake(where), {
      clock: this.#deps.clock,
      timeoutMs: upgradeTimeoutMs,
      opening: opening.bytes,
      signal,
      peer: where,
      hint: 'Does the server speak httpupgrade on that port, with TLS or without as configured here?',
    });
    link.write(opening.rest);
    return link;
  }
}
