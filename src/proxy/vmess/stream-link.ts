/** The plain byte stream inside a VMess connection (commands TCP and Mux), as a Link. */
import { later } from '../../core/contain.js';
import type { TsrayError } from '../../core/errors.js';
import type { Link, LinkSink } from '../../core/stream/link.js';
import { releaseScratch, takeScratch } from '../../core/stream/scratch.js';
import { type ChannelOptions, VmessChannel } from './channel.js';

/** Takes over `options.carrier`. */
export function createVmessStreamLink(options: ChannelOptions): Link {
  return new StreamLink(options);
}

class StreamLink extends VmessChannel implements Link {
  #sink: LinkSink | undefined;
  #opened = false;
  #gone = false;
  #error: TsrayError | undefined;

  start(sink: LinkSink): void {
    this.#sink = sink;
    if (this.#gone) later(() => sink.closed(this.#error));
    if (this.#opened) return;
    this.#opened = true;
    this.open();
  }

  pause(): void {
    this.carrier.pause();
  }

  resume(): void {
    this.carrier.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.outputIsOver || bytes.length === 0) return true;
    this.hasWritten = true;
    const { encoder } = this;
    if (encoder.passthrough && !this.preambleDue) return this.carrier.write(bytes);
    if (this.preambleDue) {
      return this.transmit(encoder.maxWireBytes(bytes.length), (e, out, offset) =>
        e.encode(bytes, out, offset),
      );
    }
    const scratch = takeScratch(encoder.maxWireBytes(bytes.length));
    try {
      return this.carrier.write(scratch.subarray(0, encoder.encode(bytes, scratch, 0)));
    } finally {
      releaseScratch();
    }
  }

  limitQueue(bytes: number): void {
    this.carrier.limitQueue(bytes);
  }

  end(): void {
    this.endOutput();
  }

  close(): void {
    this.finish();
  }

  destroy(error?: TsrayError): void {
    this.abort(error);
  }

  override carrierDrained(): void {
    this.#sink?.drain();
  }

  protected override payload(bytes: Uint8Array): void {
    this.#sink?.data(bytes);
  }

  protected override inputEnded(): void {
    this.#sink?.end();
  }

  protected override gone(error: TsrayError | undefined): void {
    this.#gone = true;
    this.#error = error;
    this.#sink?.closed(error);
  }
}
