/** Listens for mKCP: one UDP socket for all sessions. */
import type dgram from 'node:dgram';
import type { Accepted, Listen, Listener } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import { formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import {
  type BoundSocket,
  bindDatagrams,
  growReceiveBuffer,
  plainHost,
  receiveDatagrams,
  sendDatagram,
} from '../datagram/datagram-socket.js';
import { createPacketHeader, headerBytes } from '../datagram/packet-header.js';
import { SendAllowance } from '../datagram/send-allowance.js';
import { type StrangerLimits, Strangers } from '../datagram/strangers.js';
import type { OwnSocketOptions } from '../socket/own-socket.js';
import { KcpLink } from './conn-link.js';
import { type KcpLimits, limitsOf } from './limits.js';
import { DatagramBuffer, maxDatagramBytes, PacketWriter } from './packet.js';
import { createProtection, type Protection } from './protection.js';
import { conversationOf, segmentCommand, strangerWants, writeControl } from './segment.js';
import { KcpSession } from './session.js';
import type { KcpSettings } from './settings.js';

const receiveBufferBytes = 4 * 1024 * 1024;

/** Sessions of clients that were let in, those included whose links are gone. */
const defaultMaxSessions = 16_384;

/** Those of clients that were not. A header that comes with the first datagram is read before 64 others have come. */
const strangerLimits: StrangerLimits = { most: 512, mostFromOne: 128 };

/** Strays come in rows; one answer is enough. */
const minRefusalMs = 1;

export interface KcpListenDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly crypto: CryptoProvider;
  /** Options of the socket that Node cannot set. */
  readonly ownSocket?: OwnSocketOptions | undefined;
  /** Sessions of known clients at once; while there are so many, nobody else is heard. */
  readonly maxSessions?: number;
  /** What a protocol over it sends before a client can be let in, such as a TLS server's certificates. Default 0. */
  readonly flightBytes?: number;
}

/** `0.0.0.0` and `::` listen on all addresses of both families, as in V2Ray. Port 0 is any free port. */
export function createKcpListen(settings: KcpSettings, deps: KcpListenDeps): Listen {
  return async (host, port, accept) => {
    const bound = await bindDatagrams(host, port, deps.ownSocket);
    return new KcpListener(settings, deps, bound, accept);
  };
}

class KcpListener implements Listener {
  readonly #settings: KcpSettings;
  readonly #deps: KcpListenDeps;
  readonly #socket: dgram.Socket;
  readonly #accept: (accepted: Accepted) => void;
  readonly #protection: Protection;
  readonly #limits: KcpLimits;
  readonly #skipBytes: number;
  readonly #maxSessions: number;
  readonly #buffer = new DatagramBuffer();
  /** By port and conversation of the peer, then by its address: numbers are found faster than texts. */
  readonly #sessions = new Map<number, Map<string, KcpLink>>();
  #sessionCount = 0;
  readonly #strangers = new Strangers<KcpLink>(strangerLimits);
  /** Those that somebody owns. */
  #linkCount = 0;
  /** Datagrams mostly come in rows. */
  #lastKey = -1;
  #lastAddress = '';
  #lastLink: KcpLink | undefined;
  #refusedMs = 0;
  #draining = false;
  #closed = false;
  readonly #drained: Promise<void>;
  #resolveDrained: () => void = () => undefined;
  readonly #local: Destination;
  readonly address: string;
  readonly port: number;

  constructor(
    settings: KcpSettings,
    deps: KcpListenDeps,
    bound: BoundSocket,
    accept: (accepted: Accepted) => void,
  ) {
    this.#settings = settings;
    this.#deps = deps;
    this.#socket = bound.socket;
    this.#accept = accept;
    this.#protection = createProtection(settings.seed, deps.crypto, deps.random);
    this.#limits = limitsOf(settings, this.#protection);
    this.#skipBytes = headerBytes[settings.header];
    this.#maxSessions = deps.maxSessions ?? defaultMaxSessions;
    this.#drained = new Promise((resolve) => {
      this.#resolveDrained = resolve;
    });
    this.port = bound.port;
    this.address = formatHostPort(bound.address, bound.port);
    this.#local = { network: 'udp', address: parseAddress(plainHost(bound.address)), port: bound.port };
    growReceiveBuffer(bound.socket, receiveBufferBytes);
    receiveDatagrams(bound.socket, (datagram, remote) => this.#received(datagram, remote));
  }

  drain(): Promise<void> {
    this.#draining = true;
    this.#settle();
    return this.#drained;
  }

  close(): Promise<void> {
    this.#draining = true;
    if (!this.#closed) {
      for (const byAddress of [...this.#sessions.values()]) {
        for (const link of [...byAddress.values()]) link.dispose();
      }
      this.#settle();
    }
    return this.#drained;
  }

  #received(datagram: Uint8Array, remote: dgram.RemoteInfo): void {
    if (datagram.length > maxDatagramBytes) return;
    const segments = this.#protection.open(datagram, this.#skipBytes);
    if (segments === undefined) return;
    const conversation = conversationOf(segments);
    if (conversation < 0) return;
    const key = remote.port * 0x1_0000 + conversation;
    let link: KcpLink | undefined;
    if (key === this.#lastKey && remote.address === this.#lastAddress) link = this.#lastLink;
    else {
      link = this.#sessions.get(key)?.get(remote.address);
      this.#lastKey = key;
      this.#lastAddress = remote.address;
      this.#lastLink = link;
    }
    if (link === undefined) {
      link = this.#open(segments, conversation, key, remote);
      if (link === undefined) return;
    }
    link.received(segments, datagram.length);
  }

  #open(
    segments: Uint8Array,
    conversation: number,
    key: number,
    remote: dgram.RemoteInfo,
  ): KcpLink | undefined {
    const wants = strangerWants(segments);
    if (wants === 'stray') this.#refuse(conversation, remote);
    if (wants !== 'open' || this.#draining) return undefined;
    if (this.#sessionCount - this.#strangers.size >= this.#maxSessions) return undefined;
    const { clock, flightBytes } = this.#deps;
    const { address, port } = remote;
    const allowance = new SendAllowance(flightBytes);
    const writer = this.#writerTo(port, address, allowance);
    const link: KcpLink = new KcpLink({
      session: new KcpSession({
        conversation,
        limits: this.#limits,
        writer,
        nowMs: clock.monotonicMs(),
        isStranger: true,
      }),
      clock,
      allowance,
      sendQueue: this.#limits.sendQueue,
      onClosed: () => {
        this.#linkCount -= 1;
        this.#settle();
      },
      onTerminated: () => {
        this.#strangers.delete(link);
        this.#forget(key, address);
      },
    });
    let byAddress = this.#sessions.get(key);
    if (byAddress === undefined) {
      byAddress = new Map();
      this.#sessions.set(key, byAddress);
    }
    byAddress.set(address, link);
    this.#sessionCount += 1;
    this.#linkCount += 1;
    this.#strangers.add(link, address)?.evict();
    this.#lastKey = key;
    this.#lastLink = link;
    this.#accept({
      link,
      source: { network: 'udp', address: parseAddress(plainHost(address)), port },
      local: this.#local,
      admit: () => {
        if (this.#strangers.delete(link)) link.admit();
      },
    });
    return link;
  }

  /** Ends a conversation that we do not know any more: the peer need not wait 30 s to find out. */
  #refuse(conversation: number, { port, address }: dgram.RemoteInfo): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#refusedMs < minRefusalMs) return;
    this.#refusedMs = nowMs;
    // No longer than what it answers.
    const writer = this.#writerTo(port, address);
    const fields = { option: 0, sendingNext: 0, receivingNext: 0, peerRto: 0 };
    const command = segmentCommand.terminate;
    writer.finish(writeControl(writer.room, writer.start, { conversation, command, ...fields }));
  }

  #writerTo(port: number, address: string, allowance?: SendAllowance): PacketWriter {
    const { header } = this.#settings;
    return new PacketWriter(
      header,
      createPacketHeader(header, this.#deps.random),
      this.#protection,
      this.#buffer,
      (datagram) => {
        if (allowance?.take(datagram.length) !== false) this.#send(datagram, port, address);
      },
    );
  }

  #forget(key: number, address: string): void {
    const byAddress = this.#sessions.get(key);
    if (byAddress?.delete(address) !== true) return;
    if (byAddress.size === 0) this.#sessions.delete(key);
    this.#lastKey = -1;
    this.#lastLink = undefined;
    this.#sessionCount -= 1;
    this.#settle();
  }

  #send(datagram: Uint8Array, port: number, address: string): void {
    if (this.#closed) return;
    sendDatagram(this.#socket, datagram, this.#buffer, port, address);
  }

  #settle(): void {
    if (!this.#draining) return;
    if (this.#sessionCount === 0 && !this.#closed) {
      this.#closed = true;
      this.#socket.close();
    }
    if (this.#linkCount === 0) this.#resolveDrained();
  }
}
