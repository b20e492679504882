/** An outbound that ends in the program itself: a function serves the targets. */
import type { Duplex } from 'node:stream';
import type { ConnContext } from '../contract/conn-context.js';
import type { Outbound } from '../contract/outbound.js';
import { TsrayError, toTsrayError } from '../core/errors.js';
import type { Link } from '../core/stream/link.js';
import { linkToDuplex } from '../core/stream/link-duplex.js';
import { createPipe } from '../core/stream/pipe.js';
import type { ConnectionInfo } from './server-events.js';
import type { Target } from './target.js';

/**
 * Serves one connection: `stream` is the target's end, half-open, and the handler's to end. Returning `false` at once
 * leaves the connection to the server's outbound; throwing or rejecting destroys it.
 */
export type TargetHandler = (target: Target, stream: Duplex, info: ConnectionInfo) => unknown;

export interface HandlerOutboundDeps {
  /** Undefined: `otherwise` serves every target. */
  readonly handler: TargetHandler | undefined;
  /** For what the handler leaves, and for datagrams. */
  readonly otherwise: Outbound;
  /** Whether datagrams are let through; a handler cannot serve them. */
  readonly datagrams: boolean;
}

export function createHandlerOutbound(deps: HandlerOutboundDeps): Outbound {
  const { handler, otherwise } = deps;
  return {
    tag: 'handler',
    open: async (context) => (handler && serve(handler, context)) ?? otherwise.open(context),
    openPackets: async (context) => {
      if (deps.datagrams) return otherwise.openPackets(context);
      throw new TsrayError('ERR_BLOCKED', 'the server carries no datagrams');
    },
    fullCone: (destination) => otherwise.fullCone?.(destination) ?? false,
    close: () => otherwise.close(),
  };
}

/** Undefined if the handler does not want it. */
function serve(handler: TargetHandler, context: ConnContext): Link | undefined {
  const [ours, theirs] = createPipe();
  const stream = linkToDuplex(theirs);
  // Its errors are told by the `close` event of the server; a handler may listen too.
  stream.on('error', () => undefined);
  const { destination, id, source, user } = context;
  const target = { host: destination.address.host, port: destination.port };
  const info: ConnectionInfo = {
    id,
    user: user?.email ?? '',
    network: destination.network,
    source: { host: source.address.host, port: source.port },
    target,
  };
  const fail = (thrown: unknown): void => {
    const error = toTsrayError(thrown, 'ERR_INTERNAL', 'the handler failed');
    context.log.warning(error.message);
    stream.destroy(error);
  };
  try {
    const result = handler(target, stream, info);
    if (result === false) {
      stream.destroy();
      ours.destroy();
      return undefined;
    }
    if (result instanceof Promise) result.catch(fail);
  } catch (error) {
    fail(error);
  }
  return ours;
}
