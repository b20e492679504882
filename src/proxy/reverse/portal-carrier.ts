/** One carrier of a bridge, at the portal: the portal opens its sessions, the control session first. */
import type { Clock, Timer } from '../../core/clock.js';
import type { TsrayError } from '../../core/errors.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { Link } from '../../core/stream/link.js';
import { Carrier } from '../mux/carrier.js';
import { PacketSession, plainPacketBytes } from '../mux/packet-session.js';
import { type ControlState, controlHost, encodeControl } from './control.js';

export interface PortalCarrierDeps {
  readonly link: Link;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly bufferBytes: number;
  readonly gone: (error: TsrayError | undefined) => void;
}

/** V2Ray's: how often the bridge hears from the portal. */
const heartbeatMs = 2_000;

/** V2Ray's: after so many sessions in its life a carrier drains, and the bridge opens another. */
const maxSessions = 256;

const controlTarget: Destination = {
  network: 'udp',
  address: { kind: 'domain', host: controlHost },
  port: 0,
};

/** More than any number of sessions: a draining carrier is the last choice. */
const drainingLoad = 1_000_000;

export class PortalCarrier {
  readonly #deps: PortalCarrierDeps;
  readonly #carrier: Carrier;
  #control: PacketSession | undefined;
  #heartbeat: Timer | undefined;
  #lastId = 0;
  #state: ControlState = 'active';

  constructor(deps: PortalCarrierDeps) {
    this.#deps = deps;
    const { bufferBytes, clock, gone, link } = deps;
    this.#carrier = new Carrier({
      link,
      clock,
      bufferBytes,
      aloneStallMs: Number.POSITIVE_INFINITY,
      gone: (error) => {
        this.#heartbeat?.cancel();
        gone(error);
      },
    });
  }

  /** How busy it is, for comparison with others. */
  get load(): number {
    return this.#carrier.sessionCount + (this.#state === 'drain' ? drainingLoad : 0);
  }

  start(): void {
    this.#carrier.start();
    this.#control = new PacketSession({
      ...this.#next(),
      target: controlTarget,
      isClient: true,
      addressed: false,
      maxPacketBytes: plainPacketBytes,
    });
    this.#beat();
  }

  /** A place for one more session. */
  take(): { readonly carrier: Carrier; readonly id: number } {
    const slot = this.#next();
    if (this.#lastId > maxSessions && this.#state === 'active') this.#drain();
    return slot;
  }

  close(): void {
    this.#carrier.close();
  }

  #next(): { readonly carrier: Carrier; readonly id: number } {
    this.#lastId = this.#lastId >= 0xffff ? 2 : this.#lastId + 1;
    return { carrier: this.#carrier, id: this.#lastId };
  }

  #beat(): void {
    this.#say('active');
    this.#heartbeat = this.#deps.clock.setTimer(heartbeatMs, () => this.#beat());
    this.#heartbeat.unref();
  }

  #drain(): void {
    this.#state = 'drain';
    this.#heartbeat?.cancel();
    this.#say('drain');
    this.#control?.close();
  }

  #say(state: ControlState): void {
    this.#control?.send(encodeControl(state, this.#deps.random), controlTarget);
  }
}
