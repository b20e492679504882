/** XUDP without a shared carrier: UDP of an outbound as one Mux session, id 0, on a connection for each source. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Clock } from '../../core/clock.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { Carrier } from './carrier.js';
import type { GlobalIds } from './global-id.js';
import { PacketSession, xudpPacketBytes } from './packet-session.js';
import { muxDestination, xudpPort } from './worker.js';

export interface XudpClientDeps {
  /** What the connections go through; plain UDP too. */
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly globalIds: GlobalIds;
}

/** DNS and QUIC gain nothing from full cone; Xray sends them as plain UDP, which has no frames around it. */
const plainPorts: readonly number[] = [53, 443];

export class XudpClient implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[] | undefined;
  readonly #deps: XudpClientDeps;
  readonly #inner: Outbound;

  /** Owns the outbound given to it. */
  constructor(deps: XudpClientDeps) {
    this.#deps = deps;
    this.#inner = deps.outbound;
    this.tag = this.#inner.tag;
    this.levels = this.#inner.levels;
  }

  fullCone(destination: Destination): boolean {
    if (!plainPorts.includes(destination.port)) return true;
    return this.#inner.fullCone?.(destination) ?? false;
  }

  open(context: ConnContext): Promise<Link> {
    return this.#inner.open(context);
  }

  async openPackets(context: ConnContext): Promise<PacketLink> {
    if (plainPorts.includes(context.destination.port)) return this.#inner.openPackets(context);
    const { clock, globalIds } = this.#deps;
    const link = await this.#inner.open({ ...context, destination: muxDestination(xudpPort) });
    const carrier = new Carrier({
      link,
      clock,
      // Packets wait for nobody.
      bufferBytes: 0,
      aloneStallMs: Number.POSITIVE_INFINITY,
      gone: () => undefined,
    });
    const session = new PacketSession({
      carrier,
      id: 0,
      target: context.destination,
      isClient: true,
      addressed: true,
      maxPacketBytes: xudpPacketBytes,
      globalId: globalIds.of(context.source),
      ended: () => carrier.close(),
    });
    carrier.start();
    return session;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
