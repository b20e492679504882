/** A connection to a target through an outbound: a Duplex that can be used before it is open. */
import { type Clock, systemClock, type Timer } from '../core/clock.js';
import { TsrayError, toTsrayError } from '../core/errors.js';
import type { Link } from '../core/stream/link.js';
import { LinkDuplex } from '../core/stream/link-duplex.js';

/**
 * Half-open, with backpressure both ways. It has what Node's HTTP and other protocol libraries expect of a net.Socket:
 * `connecting`, `connect`, `ready` and `timeout` events, `setTimeout`, `ref`, `unref`, and `setNoDelay` and
 * `setKeepAlive`, which do nothing here.
 * Destroying it while it opens cancels the dial.
 */
export class Connection extends LinkDuplex {
  readonly #open: (signal: AbortSignal) => Promise<Link>;
  readonly #aborter = new AbortController();
  readonly #clock: Clock;
  #connecting = true;
  #timeoutMs = 0;
  #timer: Timer | undefined;

  constructor(open: (signal: AbortSignal) => Promise<Link>, clock: Clock = systemClock) {
    super();
    this.#open = open;
    this.#clock = clock;
    this.once('close', () => this.#timer?.cancel());
  }

  /** Whether the way to the server is still being opened. */
  get connecting(): boolean {
    return this.#connecting;
  }

  /** Milliseconds without traffic until `timeout` is emitted; 0: never. */
  get timeout(): number {
    return this.#timeoutMs;
  }

  /** Emits `timeout` after `timeoutMs` without traffic; 0 switches that off. The connection goes on. */
  setTimeout(timeoutMs: number, onTimeout?: () => void): this {
    this.#timeoutMs = timeoutMs;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (timeoutMs > 0 && !this.destroyed) {
      this.#timer = this.#clock.setTimer(timeoutMs, () => this.emit('timeout'));
      // As a net.Socket's.
      this.#timer.unref();
      if (onTimeout !== undefined) this.once('timeout', onTimeout);
    } else if (onTimeout !== undefined) {
      this.removeListener('timeout', onTimeout);
    }
    return this;
  }

  /** Does nothing: sockets of tsray always have it set. */
  setNoDelay(_noDelay?: boolean): this {
    return this;
  }

  /** Does nothing: the connection to the server has its own settings. */
  setKeepAlive(_enable?: boolean, _initialDelayMs?: number): this {
    return this;
  }

  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    this.#timer?.refresh();
    return super.push(chunk, encoding);
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#open(this.#aborter.signal).then(
      (link) => {
        this.#connecting = false;
        if (this.destroyed) {
          link.destroy();
          callback();
          return;
        }
        this.adopt(link);
        callback();
        this.emit('connect');
        this.emit('ready');
      },
      (error: unknown) => {
        this.#connecting = false;
        // After `destroy()` the dial was given up on purpose.
        callback(this.destroyed ? null : toTsrayError(error, 'ERR_DIAL_FAILED'));
      },
    );
  }

  override _write(chunk: Uint8Array, encoding: string, callback: (error?: Error | null) => void): void {
    this.#timer?.refresh();
    super._write(chunk, encoding, callback);
  }

  override destroy(error?: Error): this {
    this.#aborter.abort();
    return super.destroy(error);
  }
}

/** Resolves with `connection` once it is open. Rejects with what went wrong, or ERR_ABORTED after `signal`. */
export async function whenConnected(connection: Connection, signal?: AbortSignal): Promise<Connection> {
  if (!connection.connecting) return connection;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      connection.removeListener('connect', opened);
      connection.removeListener('error', failed);
      connection.removeListener('close', closed);
      signal?.removeEventListener('abort', aborted);
    };
    const opened = (): void => {
      settle();
      resolve();
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    const closed = (): void =>
      failed(new TsrayError('ERR_CLOSED', 'the connection was closed while it opened'));
    const aborted = (): void => {
      connection.destroy();
      failed(new TsrayError('ERR_ABORTED', 'connecting was given up', { cause: signal?.reason }));
    };
    connection.once('connect', opened);
    connection.once('error', failed);
    connection.once('close', closed);
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
  return connection;
}
