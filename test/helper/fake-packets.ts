/** Datagram sockets without a network: the test is the other side. */
import type { BindPackets, DatagramOptions } from '../../src/contract/transport.js';
import type { TsrayError } from '../../src/core/errors.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Destination } from '../../src/core/net/destination.js';
import type { PacketLink, PacketSink } from '../../src/core/stream/link.js';

export class FakePackets implements PacketLink {
  #sink: PacketSink | undefined;
  readonly sent: { readonly hex: string; readonly remote: Destination }[] = [];
  /** Datagrams above this are refused. */
  limitBytes = 65_507;
  gone = false;
  error: TsrayError | undefined;

  get started(): boolean {
    return this.#sink !== undefined;
  }

  start(sink: PacketSink): void {
    this.#sink = sink;
  }

  send(bytes: Uint8Array, remote: Destination): boolean {
    if (this.gone || bytes.length > this.limitBytes) return false;
    this.sent.push({ hex: Buffer.from(bytes).toString('hex'), remote });
    return true;
  }

  ref(): void {}

  unref(): void {}

  close(): void {
    this.destroy();
  }

  destroy(error?: TsrayError): void {
    if (this.gone) return;
    this.gone = true;
    this.error = error;
    queueMicrotask(() => this.#sink?.closed(error));
  }

  /** A datagram arrives; it is overwritten afterwards, as a lent view's may be. */
  deliver(bytes: Uint8Array, remote: Destination): void {
    const copy = Uint8Array.from(bytes);
    this.#sink?.packet(copy, remote);
    copy.fill(0xee);
  }
}

export class FakeBind {
  readonly bound: {
    readonly family: string;
    readonly options: DatagramOptions;
    readonly link: FakePackets;
  }[] = [];
  error: TsrayError | undefined;

  readonly bind: BindPackets = (family, options = {}) => {
    if (this.error !== undefined) return Promise.reject(this.error);
    const link = new FakePackets();
    this.bound.push({ family, options, link });
    const address = options.bindAddress ?? parseAddress(family === 'udp4' ? '0.0.0.0' : '::');
    return Promise.resolve({
      link,
      local: { network: 'udp', address, port: 40_000 },
      counters: { received: 0, sent: 0, dropped: 0, errors: 0 },
    });
  };
}
