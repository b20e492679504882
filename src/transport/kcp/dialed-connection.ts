/**
 * A dialed mKCP connection: its session, the link over it, and the socket to one of the server's addresses.
 *
 * There is no handshake that could tell which address answers, and what is not acknowledged is sent again anyway. So
 * the connection begins with the first address and moves to the next one, with a new socket, when that refuses or
 * stays silent. One at a time: a server that is reached at two addresses would take the second for a replay.
 */

import type dgram from 'node:dgram';
import type { Clock, Timer } from '../../core/clock.js';
import { failed } from '../../core/contain.js';
import { TsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import { growReceiveBuffer, receiveDatagrams, sendDatagram } from '../datagram/datagram-socket.js';
import type { Candidate, Candidates } from './candidates.js';
import { KcpLink } from './conn-link.js';
import type { KcpLimits } from './limits.js';
import { type DatagramBuffer, maxDatagramBytes, type PacketWriter } from './packet.js';
import type { Protection } from './protection.js';
import { KcpSession } from './session.js';

/** Asked of the kernel, which may give less: one window. */
const receiveBufferBytes = 2 * 1024 * 1024;

/** The peer's machine may say for a moment that nobody listens, as a server restarts. */
const maxRefusals = 5;

/** So long an address may be silent, in answer to datagrams every 100 ms, while there are others. */
const patienceMs = 2_000;

export interface DialedOptions {
  readonly first: Candidate;
  /** The addresses behind the first one. */
  readonly others: Candidates;
  readonly where: string;
  readonly clock: Clock;
  readonly limits: KcpLimits;
  readonly protection: Protection;
  readonly skipBytes: number;
  readonly conversation: number;
  readonly buffer: DatagramBuffer;
  readonly makeWriter: (send: (datagram: Uint8Array) => void) => PacketWriter;
  /** The first datagram has come, from this address. */
  readonly onHeard: (address: Address) => void;
  readonly onClosed: () => void;
  readonly onTerminated: () => void;
}

export class DialedConnection {
  readonly #options: DialedOptions;
  readonly link: KcpLink;
  #current: Candidate;
  /** The link keeps the process running. */
  #held = true;
  #linkGone = false;
  #terminated = false;
  #heard = false;
  #moving = false;
  #refusals = 0;
  /** Until the next address is tried; runs from the first datagram on. */
  #patience: Timer | undefined;

  constructor(options: DialedOptions) {
    this.#options = options;
    this.#current = options.first;
    const { clock, limits } = options;
    const session = new KcpSession({
      conversation: options.conversation,
      limits,
      writer: options.makeWriter((datagram) => this.#send(datagram)),
      nowMs: clock.monotonicMs(),
    });
    this.link = new KcpLink({
      session,
      clock,
      sendQueue: limits.sendQueue,
      onClosed: () => {
        this.#linkGone = true;
        options.onClosed();
      },
      hold: (hold) => {
        this.#held = hold;
        setHold(this.#current.socket, hold);
      },
      onTerminated: () => {
        this.#terminated = true;
        this.#patience?.cancel();
        this.#current.socket.close();
        options.onTerminated();
      },
    });
    this.#listen(options.first.socket);
  }

  /** Nobody waits for the peer any more, if nobody has the link. */
  stopLingering(): void {
    if (this.#linkGone) this.link.dispose();
  }

  #send(datagram: Uint8Array): void {
    sendDatagram(this.#current.socket, datagram, this.#options.buffer);
    if (this.#patience === undefined && !this.#heard && this.#options.others.left) {
      this.#patience = this.#options.clock.setTimer(patienceMs, () => this.#moveOn());
      if (!this.#held) this.#patience.unref();
    }
  }

  #listen(socket: dgram.Socket): void {
    const { protection, skipBytes } = this.#options;
    growReceiveBuffer(socket, receiveBufferBytes);
    receiveDatagrams(socket, (datagram) => {
      if (datagram.length > maxDatagramBytes) return;
      const segments = protection.open(datagram, skipBytes);
      if (segments === undefined || socket !== this.#current.socket) return;
      this.#refusals = 0;
      if (!this.#heard) this.#firstHeard();
      this.link.received(segments, datagram.length);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (socket === this.#current.socket) this.#failed(error);
    });
  }

  #firstHeard(): void {
    this.#heard = true;
    this.#patience?.cancel();
    this.#options.onHeard(this.#current.address);
  }

  #moveOn(): void {
    if (this.#moving || this.#heard || this.#terminated) return;
    this.#moving = true;
    this.#patience?.cancel();
    this.#options.others
      .next()
      .then(
        (candidate) => this.#moveTo(candidate),
        // None of them can be sent to: the present one may still answer.
        () => {
          this.#moving = false;
        },
      )
      .catch((thrown: unknown) => failed(thrown, (error) => this.link.destroy(error)));
  }

  #moveTo(candidate: Candidate): void {
    this.#moving = false;
    if (this.#heard || this.#terminated) {
      candidate.socket.close();
      return;
    }
    const left = this.#current.socket;
    this.#current = candidate;
    this.#patience = undefined;
    this.#refusals = 0;
    left.close();
    setHold(candidate.socket, this.#held);
    this.#listen(candidate.socket);
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#refusals += 1;
    if (this.#linkGone) {
      // Nobody is there to be told.
      this.link.dispose();
    } else if (!this.#heard && (this.#moving || this.#options.others.left)) {
      this.#moveOn();
    } else if (this.#refusals >= maxRefusals) {
      const { where } = this.#options;
      const refused = error.code === 'ECONNREFUSED';
      this.link.destroy(
        new TsrayError(
          refused ? 'ERR_DIAL_REFUSED' : 'ERR_DIAL_FAILED',
          refused ? `${where} refused the connection` : `${where}: ${error.message}`,
          {
            ...(refused ? { hint: 'Nothing listens on that UDP port: is the server started?' } : {}),
            cause: error,
          },
        ),
      );
    }
  }
}

function setHold(socket: dgram.Socket, hold: boolean): void {
  if (hold) socket.ref();
  else socket.unref();
}
