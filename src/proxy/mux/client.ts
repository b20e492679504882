/** The Mux client: an outbound whose connections are sessions on carriers that go through another outbound. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Outbound } from '../../contract/outbound.js';
import { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import type { GlobalIds } from './global-id.js';
import { PacketSession, plainPacketBytes, xudpPacketBytes } from './packet-session.js';
import type { MuxSettings, Udp443 } from './settings.js';
import { StreamSession } from './stream-session.js';
import { type WorkerDeps, WorkerPool } from './worker.js';

export interface MuxClientDeps extends WorkerDeps {
  readonly settings: MuxSettings;
  /** UDP sessions take packets for any destination (XUDP). */
  readonly xudp: boolean;
  readonly globalIds: GlobalIds;
}

const quicPort = 443;

export class MuxClient implements Outbound {
  readonly tag: string;
  readonly levels: readonly number[] | undefined;
  readonly #deps: MuxClientDeps;
  readonly #inner: Outbound;
  readonly #udp443: Udp443;
  readonly #streams: WorkerPool | undefined;
  readonly #packets: WorkerPool | undefined;

  /** Owns the outbound given to it. */
  constructor(deps: MuxClientDeps) {
    this.#deps = deps;
    this.#udp443 = deps.settings.udp443 ?? (deps.xudp ? 'reject' : 'allow');
    this.#inner = deps.outbound;
    this.tag = this.#inner.tag;
    this.levels = this.#inner.levels;
    const { concurrency, udpConcurrency } = deps.settings;
    this.#streams = concurrency === undefined ? undefined : new WorkerPool(deps, concurrency);
    if (udpConcurrency === 0) this.#packets = this.#streams;
    else if (udpConcurrency !== undefined) this.#packets = new WorkerPool(deps, udpConcurrency);
  }

  /** Carriers open or being opened. */
  get carriers(): number {
    const own = this.#packets === this.#streams ? 0 : (this.#packets?.size ?? 0);
    return own + (this.#streams?.size ?? 0);
  }

  fullCone(destination: Destination): boolean {
    if (this.#packets === undefined) return this.#inner.fullCone?.(destination) ?? false;
    if (destination.port === quicPort && this.#udp443 !== 'allow') {
      return this.#udp443 === 'skip' && (this.#inner.fullCone?.(destination) ?? false);
    }
    return this.#deps.xudp;
  }

  async open(context: ConnContext): Promise<Link> {
    if (this.#streams === undefined) return this.#inner.open(context);
    const slot = await this.#streams.slot(context.signal);
    return new StreamSession({ ...slot, clock: this.#deps.clock, target: context.destination });
  }

  async openPackets(context: ConnContext): Promise<PacketLink> {
    const { xudp, globalIds } = this.#deps;
    const { destination } = context;
    if (this.#packets === undefined) return this.#inner.openPackets(context);
    if (destination.port === quicPort && this.#udp443 !== 'allow') {
      if (this.#udp443 === 'skip') return this.#inner.openPackets(context);
      throw new TsrayError('ERR_BLOCKED', 'UDP to port 443 (QUIC) is refused in mux', {
        hint: 'Set xudpProxyUDP443 of mux to "allow" or "skip".',
      });
    }
    const slot = await this.#packets.slot(context.signal);
    return new PacketSession({
      ...slot,
      target: destination,
      isClient: true,
      addressed: xudp,
      maxPacketBytes: xudp ? xudpPacketBytes : plainPacketBytes,
      globalId: xudp ? globalIds.of(context.source) : undefined,
    });
  }

  close(): Promise<void> {
    this.#streams?.close();
    this.#packets?.close();
    return this.#inner.close();
  }
}
