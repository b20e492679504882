/** Datagrams of one session, sent directly: a socket for each address family, opened when first needed. */

import { setMaxListeners } from 'node:events';
import type { Logger } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import { failed, later } from '../../core/contain.js';
import { describeError, TsrayError, toTsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { PacketLink, PacketSink } from '../../core/stream/link.js';
import type { PacketDrops } from '../../core/stream/packet-drops.js';
import { PendingPackets, PendingRoom } from '../../core/stream/pending-packets.js';
import type { Targets } from './target.js';

/** Names a session remembers; the one looked up longest ago makes room. */
const maxNames = 256;

/** A name or socket that failed is not tried again for this long. */
const failureMs = 5_000;

type Path = 'udp4' | 'udp6';

export interface FreedomPacketsDeps {
  readonly targets: Targets;
  /** Names are sent as they are, not resolved. */
  readonly passesNames: boolean;
  /** The session came in by VMess. */
  readonly remote: boolean;
  /** The session leads to a DNS server, whose own name the DNS client must not be asked for. Default false. */
  readonly bySystem?: boolean;
  /** All addresses go one way: `openSocket` is asked for `udp4` only. */
  readonly onePath: boolean;
  /** `address` is where its first packet goes. */
  readonly openSocket: (family: Path, address: Address) => Promise<PacketLink>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told what is dropped while it waits. */
  readonly drops?: Pick<PacketDrops, 'add'> | undefined;
}

/** Packets wait here while something is found out, which then settles to `value` or, for a time, to a failure. */
class Pending<T> {
  value: T | undefined;
  failedUntilMs: number | undefined;
  readonly waiting: PendingPackets;

  constructor(room: PendingRoom) {
    this.waiting = new PendingPackets(room);
  }
}

export class FreedomPackets implements PacketLink {
  readonly #deps: FreedomPacketsDeps;
  readonly #sockets = new Map<Path, Pending<PacketLink>>();
  readonly #names = new Map<string, Pending<Address>>();
  readonly #abort = new AbortController();
  #sink: PacketSink | undefined;
  /** For all packets that wait for a name or a socket. */
  readonly #room = new PendingRoom();
  /** Sockets open or being opened. */
  #live = 0;
  #closing = false;
  #holds = true;
  #closedTold = false;
  #error: TsrayError | undefined;
  /** The destination last found allowed: packets mostly go where the one before went. */
  #allowed: Destination | undefined;
  #dropped = 0;

  constructor(deps: FreedomPacketsDeps) {
    this.#deps = deps;
    // Each name being looked up listens; Node would warn of a leak from the eleventh on.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Packets that were not sent. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Makes ready to send to `destination`, so that whoever asked learns of a failure. Rejects with a TsrayError. */
  async prepare(destination: Destination, signal?: AbortSignal): Promise<void> {
    const { address } = destination;
    let ip = address;
    if (!(this.#deps.passesNames && address.kind === 'domain')) {
      ip = choose(await this.#lookUp(destination, signal));
      if (address.kind === 'domain') {
        const known = new Pending<Address>(this.#room);
        known.value = ip;
        this.#names.set(this.#deps.targets.keyOf(destination), known);
      }
    }
    const slot = new Pending<PacketLink>(this.#room);
    this.#sockets.set(this.#pathOf(ip), slot);
    const error = await this.#open(ip, slot);
    if (error !== undefined) throw error;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
    if (this.#closedTold) later(() => sink.closed(this.#error));
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    if (this.#closing) return this.#drop();
    const destination = this.#deps.targets.redirected(remote);
    if (destination.address.kind === 'domain' && !this.#deps.passesNames) {
      return this.#sendToName(bytes, destination);
    }
    return this.#sendTo(bytes, destination);
  }

  ref(): void {
    this.#setReferenced(true);
  }

  unref(): void {
    this.#setReferenced(false);
  }

  #setReferenced(referenced: boolean): void {
    this.#holds = referenced;
    for (const { value } of this.#sockets.values()) {
      if (referenced) value?.ref();
      else value?.unref();
    }
  }

  close(): void {
    this.destroy();
  }

  destroy(error?: TsrayError): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#error = error;
    this.#abort.abort();
    for (const entry of [...this.#names.values(), ...this.#sockets.values()]) entry.waiting.takeAll();
    this.#names.clear();
    if (this.#dropped > 0) this.#deps.log.debug(`${this.#dropped} UDP packets were not sent`);
    for (const slot of this.#sockets.values()) slot.value?.destroy(error);
    later(() => this.#tellIfGone());
  }

  #sendToName(bytes: Uint8Array, destination: Destination): boolean {
    const name = this.#deps.targets.keyOf(destination);
    let entry = this.#names.get(name);
    if (entry?.value !== undefined) {
      return this.#sendTo(bytes, { ...destination, address: entry.value });
    }
    if (entry === undefined || this.#mayRetry(entry)) {
      entry = new Pending<Address>(this.#room);
      if (!this.#makeRoomForName()) return this.#drop();
      this.#names.set(name, entry);
      this.#resolve(destination, entry).catch(this.#defect);
    } else if (entry.failedUntilMs !== undefined) {
      return this.#drop();
    }
    return this.#keep(entry, bytes, destination);
  }

  #sendTo(bytes: Uint8Array, destination: Destination): boolean {
    const { address } = destination;
    if (address.kind !== 'domain' && !this.#isAllowed(destination)) {
      if (!this.#deps.targets.allows({ ...destination, remote: this.#deps.remote })) return this.#drop();
      this.#allowed = destination;
    }
    const path = this.#pathOf(address);
    let slot = this.#sockets.get(path);
    if (slot?.value !== undefined) return slot.value.send(bytes, destination) || this.#drop();
    if (slot === undefined || this.#mayRetry(slot)) {
      slot = new Pending<PacketLink>(this.#room);
      this.#sockets.set(path, slot);
      this.#open(address, slot).catch(this.#defect);
    } else if (slot.failedUntilMs !== undefined) {
      return this.#drop();
    }
    return this.#keep(slot, bytes, destination);
  }

  readonly #defect = (thrown: unknown): void => failed(thrown, (error) => this.destroy(error));

  #isAllowed({ address, port }: Destination): boolean {
    return address.host === this.#allowed?.address.host && port === this.#allowed.port;
  }

  #lookUp(destination: Destination, signal: AbortSignal | undefined): Promise<readonly Address[]> {
    const { bySystem, remote, targets } = this.#deps;
    return targets.resolve({ ...destination, remote }, signal, bySystem);
  }

  async #resolve(destination: Destination, entry: Pending<Address>): Promise<void> {
    try {
      entry.value = choose(await this.#lookUp(destination, this.#abort.signal));
    } catch (thrown) {
      this.#failed(entry, thrown);
      return;
    }
    const ip = entry.value;
    for (const { bytes, destination } of entry.waiting.takeAll()) {
      if (!this.#closing) this.#sendTo(bytes, { ...destination, address: ip });
    }
  }

  /** Resolves with what went wrong, if anything. */
  async #open(address: Address, slot: Pending<PacketLink>): Promise<TsrayError | undefined> {
    const path = this.#pathOf(address);
    this.#live += 1;
    let socket: PacketLink;
    try {
      socket = await this.#deps.openSocket(path, address);
    } catch (thrown) {
      this.#live -= 1;
      this.#tellIfGone();
      return this.#failed(slot, thrown);
    }
    socket.start({
      packet: (bytes, remote) => {
        if (!this.#closing) this.#sink?.packet(bytes, remote);
      },
      closed: () => {
        this.#live -= 1;
        if (this.#sockets.get(path) === slot) this.#sockets.delete(path);
        this.#tellIfGone();
      },
    });
    if (this.#closing) {
      socket.destroy();
      return new TsrayError('ERR_CLOSED', 'the session is closed');
    }
    slot.value = socket;
    if (!this.#holds) socket.unref();
    for (const { bytes, destination } of slot.waiting.takeAll()) {
      if (!socket.send(bytes, destination)) this.#drop();
    }
    return undefined;
  }

  #failed(entry: Pending<unknown>, thrown: unknown): TsrayError {
    const error = toTsrayError(thrown, 'ERR_INTERNAL');
    entry.failedUntilMs = this.#deps.clock.monotonicMs() + failureMs;
    const lost = entry.waiting.takeAll().length;
    this.#dropped += lost;
    this.#deps.drops?.add('failed', lost);
    if (!this.#closing) this.#deps.log.info(`UDP packets cannot be sent: ${describeError(error)}`);
    return error;
  }

  #mayRetry(entry: Pending<unknown>): boolean {
    return entry.failedUntilMs !== undefined && this.#deps.clock.monotonicMs() >= entry.failedUntilMs;
  }

  /** Names still being looked up hold packets and stay. */
  #makeRoomForName(): boolean {
    if (this.#names.size < maxNames) return true;
    for (const [name, entry] of this.#names) {
      if (entry.value === undefined && entry.failedUntilMs === undefined) continue;
      this.#names.delete(name);
      return true;
    }
    return false;
  }

  #keep(entry: Pending<unknown>, bytes: Uint8Array, destination: Destination): boolean {
    if (entry.waiting.add(bytes, destination)) return true;
    this.#deps.drops?.add('opening');
    return this.#drop();
  }

  #pathOf(address: Address): Path {
    return !this.#deps.onePath && address.kind === 'ipv6' ? 'udp6' : 'udp4';
  }

  #drop(): false {
    this.#dropped += 1;
    return false;
  }

  #tellIfGone(): void {
    if (!this.#closing || this.#closedTold || this.#live > 0) return;
    this.#closedTold = true;
    this.#sink?.closed(this.#error);
  }
}

/** Datagrams give no sign of a dead address, so there is no race: IPv4 first, as Go and so V2Ray choose. */
function choose(addresses: readonly Address[]): Address {
  return addresses.find(({ kind }) => kind === 'ipv4') ?? addresses[0]!;
}
