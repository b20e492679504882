/**
 * The portal of a reverse proxy: an outbound whose connections leave by the carriers that bridges have opened to it. A
 * connection routed here whose target is the portal's own domain is such a carrier.
 */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Logger } from '../../contract/logger.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { Link, PacketLink } from '../../core/stream/link.js';
import { createPipe } from '../../core/stream/pipe.js';
import { PacketSession, plainPacketBytes } from '../mux/packet-session.js';
import { StreamSession } from '../mux/stream-session.js';
import { PortalCarrier } from './portal-carrier.js';
import type { PortalSettings } from './settings.js';

export interface PortalDeps {
  readonly settings: PortalSettings;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
  /** What a session may hold for a slow reader. */
  readonly bufferBytes: () => number;
}

/** Bridges that are connected at once; a further carrier is refused. */
const maxCarriers = 256;

export class Portal implements Outbound {
  readonly tag: string;
  readonly #deps: PortalDeps;
  readonly #carriers = new Set<PortalCarrier>();

  constructor(deps: PortalDeps) {
    this.#deps = deps;
    this.tag = deps.settings.tag;
  }

  /** Carriers of bridges. */
  get size(): number {
    return this.#carriers.size;
  }

  async open(context: ConnContext): Promise<Link> {
    const { destination } = context;
    if (destination.address.host === this.#deps.settings.domain) return this.#accept();
    const slot = this.#pick().take();
    return new StreamSession({ ...slot, clock: this.#deps.clock, target: destination });
  }

  async openPackets({ destination }: ConnContext): Promise<PacketLink> {
    const slot = this.#pick().take();
    return new PacketSession({
      ...slot,
      target: destination,
      isClient: true,
      addressed: false,
      maxPacketBytes: plainPacketBytes,
    });
  }

  async close(): Promise<void> {
    for (const carrier of [...this.#carriers]) carrier.close();
  }

  /** The bridge's end of a new carrier. */
  #accept(): Link {
    if (this.#carriers.size >= maxCarriers) {
      throw new TsrayError('ERR_LIMIT', `${maxCarriers} bridges are connected to "${this.tag}" already`);
    }
    const [theirs, ours] = createPipe();
    const { bufferBytes, clock, random } = this.#deps;
    const carrier = new PortalCarrier({
      link: ours,
      clock,
      random,
      bufferBytes: bufferBytes(),
      gone: () => {
        this.#carriers.delete(carrier);
        this.#deps.log.info(`a bridge has left the portal "${this.tag}"; ${this.#carriers.size} are left`);
      },
    });
    this.#carriers.add(carrier);
    this.#deps.log.info(`a bridge has come to the portal "${this.tag}"`);
    carrier.start();
    return theirs;
  }

  /** The carrier with the fewest sessions; one that is draining only if there is no other. */
  #pick(): PortalCarrier {
    let best: PortalCarrier | undefined;
    for (const carrier of this.#carriers) {
      if (best === undefined || carrier.load < best.load) best = carrier;
    }
    if (best !== undefined) return best;
    throw new TsrayError('ERR_UPSTREAM', `no bridge is connected to the portal "${this.tag}"`, {
      hint: `A bridge connects to "${this.#deps.settings.domain}"; does a rule of its side lead that here, and one of this side to the portal?`,
    });
  }
}
