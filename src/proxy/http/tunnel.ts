/** CONNECT, from the request to the end of the tunnel. */
import type { Route } from '../../contract/dispatcher.js';
import { toTsrayError } from '../../core/errors.js';
import type { Link } from '../../core/stream/link.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import { connectionEstablished, errorResponse, openFailure } from './responses.js';

export interface TunnelRequest {
  /** Owned by the tunnel. */
  readonly client: Link;
  /** What the client sent behind its request, lent. */
  readonly rest: Uint8Array;
  /** Opens the target. Rejects with a TsrayError; the signal tells that the client went away. */
  readonly open: (signal: AbortSignal) => Promise<Route>;
}

/** Resolves when the tunnel has ended. 200 is answered only when the target is open. (V2Ray answers before.) */
export async function serveTunnel({ client, rest, open }: TunnelRequest): Promise<void> {
  const link = prefixedLink(client, rest);
  const aborter = new AbortController();
  link.whenGone(() => aborter.abort());
  let route: Route;
  try {
    route = await open(aborter.signal);
  } catch (thrown) {
    // The dispatcher has logged it.
    const { status, message } = openFailure(toTsrayError(thrown, 'ERR_INTERNAL'));
    if (!link.gone) link.write(errorResponse(status, message));
    link.close();
    return;
  }
  if (link.gone) {
    route.discard();
    return;
  }
  link.write(connectionEstablished);
  await route.relay(link);
}
