/** An outbound that ends in the program itself: functions serve the targets. */
import type { Duplex } from 'node:stream';
import type { ConnContext } from '../contract/conn-context.js';
import type { Outbound } from '../contract/outbound.js';
import { TsrayError, toTsrayError } from '../core/errors.js';
import type { Link, PacketLink } from '../core/stream/link.js';
import { linkToDuplex } from '../core/stream/link-duplex.js';
import { createPipe } from '../core/stream/pipe.js';
import { type ConnectionInfo, infoOf } from './server-events.js';
import type { Target } from './target.js';
import { SessionEnd, type TargetDatagrams } from './target-datagrams.js';

/**
 * Serves one connection: `stream` is the target's end, half-open, and the handler's to end. Returning `false` at once
 * leaves the connection to the server's outbound; throwing or rejecting destroys it.
 */
export type TargetHandler = (target: Target, stream: Duplex, info: ConnectionInfo) => unknown;

/**
 * Serves one client's datagrams to one target; listeners are to be added at once, since nothing is kept back. Returning
 * `false` at once leaves the session to the server's outbound; throwing or rejecting ends it.
 */
export type DatagramHandler = (target: Target, datagrams: TargetDatagrams, info: ConnectionInfo) => unknown;

export interface HandlerOutboundDeps {
  /** Undefined: `otherwise` serves every target. */
  readonly handler: TargetHandler | undefined;
  readonly datagramHandler: DatagramHandler | undefined;
  /** For what the handlers leave. */
  readonly otherwise: Outbound;
  /** Whether datagrams that no handler takes go to `otherwise`. */
  readonly datagrams: boolean;
}

export function createHandlerOutbound(deps: HandlerOutboundDeps): Outbound {
  const { datagramHandler, datagrams, handler, otherwise } = deps;
  return {
    tag: 'handler',
    open: async (context) => (handler && serveStream(handler, context)) ?? otherwise.open(context),
    openPackets: async (context) => {
      const served = datagramHandler && serveDatagrams(datagramHandler, context);
      if (served !== undefined) return served;
      if (datagrams) return otherwise.openPackets(context);
      throw new TsrayError('ERR_BLOCKED', 'the server carries no datagrams');
    },
    // A handler is asked about each target, so that they cannot share a session.
    fullCone: (destination) => datagramHandler === undefined && (otherwise.fullCone?.(destination) ?? false),
    close: () => otherwise.close(),
  };
}

/** Undefined if the handler does not want it. */
function serveStream(handler: TargetHandler, context: ConnContext): Link | undefined {
  const [ours, theirs] = createPipe();
  const stream = linkToDuplex(theirs);
  // Its errors are told by the `close` event of the server; a handler may listen too.
  stream.on('error', () => undefined);
  const info = infoOf(context);
  const wanted = run(
    context,
    (error) => stream.destroy(error),
    () => handler(info.target, stream, info),
  );
  if (wanted) return ours;
  stream.destroy();
  ours.destroy();
  return undefined;
}

/** Undefined if the handler does not want it. */
function serveDatagrams(handler: DatagramHandler, context: ConnContext): PacketLink | undefined {
  const end = new SessionEnd(context.destination);
  const info = infoOf(context);
  const { datagrams } = end;
  const wanted = run(
    context,
    (error) => end.destroy(error),
    () => handler(info.target, datagrams, info),
  );
  if (wanted) return end;
  // Not over, for a handler that did not want it: it was never there.
  datagrams.removeAllListeners();
  return undefined;
}

/** Whether the handler took it; one that throws or rejects did, and `fail` ends it. */
function run(context: ConnContext, fail: (error: TsrayError) => void, handler: () => unknown): boolean {
  const failed = (thrown: unknown): void => {
    const error = toTsrayError(thrown, 'ERR_INTERNAL', 'the handler failed');
    context.log.warning(error.message);
    fail(error);
  };
  try {
    const result = handler();
    if (result === false) return false;
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
  return true;
}
