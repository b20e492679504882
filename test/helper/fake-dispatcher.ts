/** A dispatcher whose outbounds are the test: it says when and how each opening ends. */
import type { ConnContext } from '../../src/contract/conn-context.js';
import type { Dispatcher, PacketRoute, Route, StreamClient } from '../../src/contract/dispatcher.js';
import { type TsrayError, toTsrayError } from '../../src/core/errors.js';
import type { Destination } from '../../src/core/net/destination.js';
import type { Link, PacketLink, PacketSink } from '../../src/core/stream/link.js';
import type { RelayOutcome } from '../../src/core/stream/relay.js';
import { CollectSink } from './collect-sink.js';

const nothingMoved = { uplinkBytes: 0, downlinkBytes: 0, error: undefined };

export class FakeRoute implements Route {
  readonly outboundTag = 'fake-out';
  discarded = false;
  /** The link that was handed over. */
  link: Link | undefined;
  /** What the handed-over link delivers. */
  sink: CollectSink | undefined;

  relay(link: Link): Promise<RelayOutcome> {
    this.link = link;
    const sink = CollectSink.on(link);
    this.sink = sink;
    return sink.until((one) => one.closes > 0).then(() => ({ ...nothingMoved, error: sink.error }));
  }

  discard(): void {
    this.discarded = true;
  }
}

export class FakePacketRoute implements PacketRoute, PacketSink {
  discarded = false;
  link: PacketLink | undefined;
  readonly packets: { readonly text: string; readonly remote: Destination }[] = [];
  closes = 0;
  error: TsrayError | undefined;
  #resolve: (outcome: RelayOutcome) => void = () => undefined;

  relay(link: PacketLink): Promise<RelayOutcome> {
    this.link = link;
    link.start(this);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  discard(): void {
    this.discarded = true;
  }

  packet(bytes: Uint8Array, remote: Destination): void {
    this.packets.push({ text: Buffer.from(bytes).toString('latin1'), remote });
  }

  closed(error: TsrayError | undefined): void {
    this.closes += 1;
    this.error = error;
    this.#resolve({ ...nothingMoved, error });
  }
}

/** One call that waits for the test's word. */
export class PendingOpen<R> {
  readonly context: ConnContext;
  readonly #settle: PromiseWithResolvers<R>;
  readonly #make: () => R;

  constructor(context: ConnContext, settle: PromiseWithResolvers<R>, make: () => R) {
    this.context = context;
    this.#settle = settle;
    this.#make = make;
  }

  accept(): R {
    const route = this.#make();
    this.#settle.resolve(route);
    return route;
  }

  fail(error: TsrayError): void {
    this.#settle.reject(error);
  }
}

interface PromiseWithResolvers<R> {
  readonly promise: Promise<R>;
  resolve(value: R): void;
  reject(error: unknown): void;
}

function withResolvers<R>(): PromiseWithResolvers<R> {
  let resolve: (value: R) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<R>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve: (value) => resolve(value), reject: (error) => reject(error) };
}

/** What the real dispatcher makes of `open` and a client, without sniffing. */
export async function dispatchThrough(
  open: (context: ConnContext) => Promise<Route>,
  context: ConnContext,
  client: StreamClient,
): Promise<RelayOutcome> {
  let route: Route;
  try {
    route = await open(context);
  } catch (thrown) {
    const error = toTsrayError(thrown, 'ERR_INTERNAL');
    client.refuse(error);
    return { ...nothingMoved, error };
  }
  if (context.signal?.aborted === true) {
    route.discard();
    client.link.close();
    return nothingMoved;
  }
  client.accept();
  return route.relay(client.link);
}

export class FakeDispatcher implements Dispatcher {
  readonly opens: PendingOpen<FakeRoute>[] = [];
  readonly packetOpens: PendingOpen<FakePacketRoute>[] = [];

  dispatch(context: ConnContext, client: StreamClient): Promise<RelayOutcome> {
    return dispatchThrough((each) => this.open(each), context, client);
  }

  open(context: ConnContext): Promise<Route> {
    const settle = withResolvers<FakeRoute>();
    this.opens.push(new PendingOpen(context, settle, () => new FakeRoute()));
    return settle.promise;
  }

  openPackets(context: ConnContext): Promise<PacketRoute> {
    const settle = withResolvers<FakePacketRoute>();
    this.packetOpens.push(new PendingOpen(context, settle, () => new FakePacketRoute()));
    return settle.promise;
  }
}
