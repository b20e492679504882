/** CONNECT, from the request to the end of the tunnel. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { Dispatcher } from '../../contract/dispatcher.js';
import type { Link } from '../../core/stream/link.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import { connectionEstablished, errorResponse, openFailure } from './responses.js';

export interface TunnelRequest {
  /** Owned by the tunnel. */
  readonly client: Link;
  /** What the client sent behind its request, lent. */
  readonly rest: Uint8Array;
  readonly dispatcher: Dispatcher;
  /** The signal tells that the client went away. */
  readonly context: (signal: AbortSignal) => ConnContext;
}

/**
 * Resolves when the tunnel has ended. 200 is answered when the target is open, or, where the client's first bytes are
 * sniffed, at once as V2Ray does.
 */
export async function serveTunnel({ client, context, dispatcher, rest }: TunnelRequest): Promise<void> {
  const link = prefixedLink(client, rest);
  const aborter = new AbortController();
  let accepted = false;
  link.whenGone(() => aborter.abort());
  // A client that ends its side before it was told that it may send, and has sent nothing, waits for nothing.
  link.whenLeft(() => {
    if (!accepted && link.heldBytes === 0) aborter.abort();
  });
  await dispatcher.dispatch(context(aborter.signal), {
    link,
    accept() {
      accepted = true;
      link.write(connectionEstablished);
    },
    refuse: (error) => {
      const { status, message } = openFailure(error);
      if (!link.gone) link.write(errorResponse(status, message));
      link.close();
    },
  });
}
