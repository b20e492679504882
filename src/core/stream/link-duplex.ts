/** A Node Duplex over a Link: for Node's TLS and HTTP, and for programs that use tsray as a library. */
import { Duplex } from 'node:stream';
import { type TsrayError, toTsrayError } from '../errors.js';
import type { Link } from './link.js';

/** What the stream holds for its reader before the link is paused. */
const readHighWaterBytes = 64 * 1024;

/**
 * Takes over `link`. Half-open. Destroying the stream without an error closes the link if all that was written had been
 * ended (what the link still holds leaves), and destroys it otherwise.
 */
export function linkToDuplex(link: Link): Duplex {
  return new LinkDuplex(link);
}

type Callback = (error?: Error | null) => void;

/** May be made before its link is there: whoever extends it gives the link to `adopt` in `_construct`. */
export class LinkDuplex extends Duplex {
  #link: Link | undefined;
  /** Of a write that waits for the link to drain. */
  #written: Callback | undefined;
  #linkGone = false;
  #inputEnded = false;
  #outputEnded = false;
  #destroyed: (() => void) | undefined;
  #holds = true;

  constructor(link?: Link) {
    super({ allowHalfOpen: true, readableHighWaterMark: readHighWaterBytes, decodeStrings: true });
    if (link !== undefined) this.adopt(link);
  }

  /** Keeps the process running as long as the stream is open, as it does at first. */
  ref(): this {
    this.#holds = true;
    this.#link?.ref();
    return this;
  }

  /** Lets the process end although the stream is open; while it is being opened, once it is. */
  unref(): this {
    this.#holds = false;
    this.#link?.unref();
    return this;
  }

  /** Takes over `link`; once, and before anything is read or written. */
  protected adopt(link: Link): void {
    this.#link = link;
    if (!this.#holds) link.unref();
    link.pause();
    link.start({
      data: (bytes) => {
        if (!this.push(Buffer.from(bytes))) link.pause();
      },
      end: () => this.#endInput(),
      drain: () => this.#releaseWriter(),
      closed: (error) => this.#linkClosed(error),
    });
  }

  override _read(): void {
    this.#link?.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Callback): void {
    this.#after(this.#link!.write(chunk), callback);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], callback: Callback): void {
    let open = true;
    for (const { chunk } of chunks) open = this.#link!.write(chunk);
    this.#after(open, callback);
  }

  override _final(callback: Callback): void {
    this.#outputEnded = true;
    this.#link?.end();
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const done = (): void => {
      this.#releaseWriter();
      callback(error);
    };
    const link = this.#link;
    if (this.#linkGone || link === undefined) {
      done();
      return;
    }
    this.#destroyed = done;
    if (error !== null) link.destroy(toTsrayError(error, 'ERR_CLOSED'));
    else if (this.#outputEnded) link.close();
    else link.destroy();
  }

  #after(open: boolean, callback: Callback): void {
    if (open || this.#linkGone) callback();
    else this.#written = callback;
  }

  #releaseWriter(): void {
    const callback = this.#written;
    this.#written = undefined;
    callback?.();
  }

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.push(null);
  }

  #linkClosed(error: TsrayError | undefined): void {
    this.#linkGone = true;
    if (this.#destroyed !== undefined) {
      this.#destroyed();
      return;
    }
    if (error !== undefined) {
      this.destroy(error);
      return;
    }
    // Both sides had ended, or somebody closed the link: what was delivered is still there to be read.
    this.#endInput();
    this.#releaseWriter();
    if (!this.writableEnded) this.end();
  }
}
