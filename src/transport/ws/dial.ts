/** Dials ws: the upgrade request as V2Ray writes it, early data in all three forms. */
import type { Duplex } from 'node:stream';
import type { Dialer, DialOptions } from '../../contract/transport.js';
import type { Field } from '../../core/http1/fields.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { LateLink } from '../../core/stream/late-link.js';
import type { Link } from '../../core/stream/link.js';
import type { ClientCarrier, CreateFramedDialer, TransportDeps } from '../carrier/framing.js';
import { divideFirstWrite, encodeEarlyData } from '../http1/early-data.js';
import {
  configuredFields,
  destinationHost,
  goCase,
  requestFields,
  requestTarget,
} from '../http1/upgrade-request.js';
import { WsLink } from './link.js';
import type { WsSettings } from './settings.js';
import { upgrade } from './upgrade.js';

export const createWsDialer: CreateFramedDialer<WsSettings> = (settings, carrier, deps) =>
  new WsDialer(settings, carrier, deps);

const departures = ['end', 'error', 'close'] as const;

function ignore(): void {}

/** Their places in the order; ws fills in the key. */
const handshakeFields: readonly Field[] = [
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', ''],
  ['Sec-WebSocket-Version', '13'],
  ['Upgrade', 'websocket'],
];

/**
 * Calls `left` if the peer ends or closes a socket that nobody reads. What it sends stays in the socket, for whoever
 * reads it next.
 */
function watchSocket(socket: Duplex, left: () => void): () => void {
  // Reading is what notices an end; with nothing buffered it takes nothing.
  const look = (): void => {
    if (socket.readableLength === 0) socket.read();
  };
  socket.on('readable', look);
  for (const event of departures) socket.on(event, left);
  return () => {
    socket.removeListener('readable', look);
    for (const event of departures) socket.removeListener(event, left);
  };
}

class WsDialer implements Dialer {
  readonly #settings: WsSettings;
  readonly #carrier: ClientCarrier;
  readonly #deps: TransportDeps;
  readonly #target: string;
  readonly #fields: readonly Field[];

  constructor(settings: WsSettings, carrier: ClientCarrier, deps: TransportDeps) {
    this.#settings = settings;
    this.#carrier = carrier;
    this.#deps = deps;
    this.#target = requestTarget(settings.path);
    this.#fields = configuredFields(settings.headers);
  }

  async dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    const { socket } = await this.#carrier.sockets.dial(destination, options);
    if (this.#settings.maxEarlyData === 0) {
      return this.#upgrade(socket, destination, new Uint8Array(0), options.signal);
    }
    return new LateLink({
      open: (first, signal) => this.#upgradeWith(first, socket, destination, signal),
      discard: () => {
        socket.on('error', ignore);
        socket.destroy();
      },
      watch: (left) => watchSocket(socket, left),
    });
  }

  close(): Promise<void> {
    return this.#carrier.sockets.close();
  }

  async #upgradeWith(
    first: Uint8Array,
    socket: Duplex,
    destination: Destination,
    signal: AbortSignal,
  ): Promise<Link> {
    const { maxEarlyData, earlyDataWhole } = this.#settings;
    const { early, rest } = divideFirstWrite(first, maxEarlyData, earlyDataWhole);
    const link = await this.#upgrade(socket, destination, early, signal);
    link.write(rest);
    return link;
  }

  #upgrade(
    socket: Duplex,
    destination: Destination,
    early: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Link> {
    const { earlyDataHeaderName, heartbeatSeconds, host } = this.#settings;
    const { clock, random } = this.#deps;
    const inPath = early.length > 0 && earlyDataHeaderName === '';
    const inHeader = early.length > 0 && earlyDataHeaderName !== '';
    const text = encodeEarlyData(early);
    const fields = inHeader ? [...this.#fields, [goCase(earlyDataHeaderName), text] as const] : this.#fields;
    const request = {
      target: inPath ? `${this.#target}${text}` : this.#target,
      fields: requestFields(host ?? destinationHost(destination, this.#carrier.secure), [
        ...fields,
        ...handshakeFields,
      ]),
      where: formatHostPort(destination.address.host, destination.port),
      clock,
      random,
      signal,
    };
    return upgrade(
      socket,
      request,
      (ws) => new WsLink(ws, socket, { clock, masks: true, heartbeatMs: heartbeatSeconds * 1000 }),
    );
  }
}
