/** A UDP socket in the shape of node:dgram's, whose datagrams go through an outbound. */
import type { RemoteInfo } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TsrayError } from '../core/errors.js';
import type { Destination } from '../core/net/destination.js';
import type { DatagramSessions } from './datagram-sessions.js';
import { destinationOf } from './target.js';

/** Events of a DatagramSocket with their arguments. */
export interface DatagramEvents {
  /** A datagram. `remote.address` is the target as it was sent to: a name stays a name. */
  message: [message: Buffer, remote: RemoteInfo];
  /** Follows `bind`. */
  listening: [];
  /** Follows `connect`. */
  connect: [];
  /** A send without callback failed. */
  error: [error: Error];
  /** Follows `close`. */
  close: [];
}

type SendCallback = (error: Error | null, bytes: number) => void;

/** What `send` takes: text is sent as UTF-8, a list as one datagram. */
export type DatagramPayload = string | NodeJS.ArrayBufferView | readonly (string | NodeJS.ArrayBufferView)[];

/** Largest UDP payload over IPv4. */
const maxPayloadBytes = 65_507;

/** How a socket gets its sessions; apart, since they deliver to the socket that is being made. */
export type MakeSessions = (onPacket: (bytes: Uint8Array, remote: Destination) => void) => DatagramSessions;

/**
 * `send`, `connect`, `bind`, `close`, `address` and the events are those of dgram.Socket. There is no local port, so
 * `bind` only emits `listening`. A datagram that finds no room is reported to its callback and lost, as in UDP.
 */
export class DatagramSocket extends EventEmitter<DatagramEvents> implements AsyncDisposable {
  readonly #sessions: DatagramSessions;
  readonly #onClose: () => void;
  #remote: Destination | undefined;
  #closed = false;

  constructor(makeSessions: MakeSessions, onClose: () => void) {
    super();
    this.#onClose = onClose;
    this.#sessions = makeSessions((bytes, remote) => this.#deliver(bytes, remote));
  }

  /**
   * Sends one datagram of at most 65507 bytes. Without `port` and `address` it goes where `connect` said. `callback` is
   * told once it was handed on, or why not (ERR_LIMIT: no room, or too large for the way; ERR_DIAL_…: no server). Throws
   * ERR_CLOSED, ERR_LIMIT for one that is larger, and ERR_USAGE for arguments that make no sense.
   */
  send(message: DatagramPayload, callback?: SendCallback): void;
  send(message: DatagramPayload, port: number, address: string, callback?: SendCallback): void;
  send(message: DatagramPayload, offset: number, length: number, callback?: SendCallback): void;
  send(
    message: DatagramPayload,
    offset: number,
    length: number,
    port: number,
    address: string,
    callback?: SendCallback,
  ): void;
  send(message: DatagramPayload, ...rest: readonly unknown[]): void {
    if (this.#closed) throw new TsrayError('ERR_CLOSED', 'the socket is closed');
    const callback = rest.find((value) => typeof value === 'function') as SendCallback | undefined;
    const values = rest.filter(
      (value) => typeof value !== 'function' && value !== undefined && value !== null,
    );
    let bytes = payloadBytes(message);
    // Two numbers in front are offset and length, as in dgram.
    if (typeof values[0] === 'number' && typeof values[1] === 'number') {
      const [offset, length] = values.splice(0, 2) as [number, number];
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        throw new TsrayError(
          'ERR_USAGE',
          `offset ${offset} and length ${length} do not fit ${bytes.length} bytes`,
        );
      }
      bytes = bytes.subarray(offset, offset + length);
    }
    const destination = this.#target(values);
    const { length } = bytes;
    if (length > maxPayloadBytes) {
      throw new TsrayError('ERR_LIMIT', `a datagram holds at most ${maxPayloadBytes} bytes, not ${length}`);
    }
    this.#sessions.send(bytes, destination, (error) => {
      if (callback !== undefined) callback(error ?? null, error === undefined ? length : 0);
      else if (error !== undefined && !this.#closed) this.emit('error', error);
    });
  }

  /** From now on datagrams go to this target, and only those from there are delivered. */
  connect(port: number, address = '127.0.0.1', callback?: () => void): void {
    this.#remote = destinationOf('udp', address, port);
    if (callback !== undefined) this.once('connect', callback);
    queueMicrotask(() => {
      if (!this.#closed) this.emit('connect');
    });
  }

  /** Takes back `connect`. */
  disconnect(): void {
    this.#remote = undefined;
  }

  /** Where `connect` said. Throws ERR_USAGE without it. */
  remoteAddress(): AddressInfo {
    if (this.#remote === undefined) throw new TsrayError('ERR_USAGE', 'the socket is not connected');
    const { address, port } = this.#remote;
    return { address: address.host, family: familyOf(this.#remote), port };
  }

  /** Emits `listening`; whatever port or address is given has no meaning here. */
  bind(...options: readonly unknown[]): this {
    const callback = options.find((value) => typeof value === 'function') as (() => void) | undefined;
    if (callback !== undefined) this.once('listening', callback);
    queueMicrotask(() => {
      if (!this.#closed) this.emit('listening');
    });
    return this;
  }

  /** `0.0.0.0` and port 0: the socket that targets see is the server's. */
  address(): AddressInfo {
    return { address: '0.0.0.0', family: 'IPv4', port: 0 };
  }

  /** Ends all sessions. Idempotent, unlike dgram's. */
  close(callback?: () => void): this {
    if (callback !== undefined) {
      if (this.#closed) queueMicrotask(callback);
      else this.once('close', callback);
    }
    if (this.#closed) return this;
    this.#closed = true;
    this.#sessions.close();
    this.#onClose();
    queueMicrotask(() => this.emit('close'));
    return this;
  }

  /** Keeps the process running while there are sessions, as it does at first. */
  ref(): this {
    this.#sessions.ref();
    return this;
  }

  /** Lets the process end although there are sessions. One that is being opened counts until it is open. */
  unref(): this {
    this.#sessions.unref();
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      this.close(resolve);
    });
  }

  #target(values: readonly unknown[]): Destination {
    const [port, address] = values;
    if (port === undefined) {
      if (this.#remote === undefined) throw new TsrayError('ERR_USAGE', 'send needs a port and an address');
      return this.#remote;
    }
    return destinationOf('udp', address ?? '127.0.0.1', port);
  }

  #deliver(bytes: Uint8Array, remote: Destination): void {
    const { address, port } = remote;
    const only = this.#remote;
    if (this.#closed) return;
    if (only !== undefined && (only.port !== port || only.address.host !== address.host)) return;
    const message = Buffer.from(bytes);
    this.emit('message', message, {
      address: address.host,
      family: familyOf(remote),
      port,
      size: message.length,
    });
  }
}

/** dgram knows two families; a name counts as the first. */
function familyOf(destination: Destination): 'IPv4' | 'IPv6' {
  return destination.address.kind === 'ipv6' ? 'IPv6' : 'IPv4';
}

/** A copy: the caller may change its bytes while they wait. */
function payloadBytes(message: DatagramPayload): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message);
  if (ArrayBuffer.isView(message)) {
    return Buffer.copyBytesFrom(new Uint8Array(message.buffer, message.byteOffset, message.byteLength));
  }
  return Buffer.concat(message.map(payloadBytes));
}
