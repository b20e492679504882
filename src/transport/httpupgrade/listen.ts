/** Listens for httpupgrade: reads the request under a deadline, answers it, hands on the raw link. */
import type { Accepted } from '../../contract/transport.js';
import { describeError } from '../../core/errors.js';
import { fieldText } from '../../core/http1/fields.js';
import { formatHostPort } from '../../core/net/address.js';
import { performHandshake } from '../../core/stream/handshake.js';
import { prefixedLink } from '../../core/stream/prefixed-link.js';
import type { CreateFramedListen, TransportDeps } from '../carrier/framing.js';
import { forwardedFor } from '../http1/forwarded-for.js';
import { headTimeoutMs } from '../http1/upgrade-server.js';
import { RequestHandshake } from './request.js';
import type { HttpUpgradeSettings } from './settings.js';

export const createHttpUpgradeListen: CreateFramedListen<HttpUpgradeSettings> = (settings, carrier, deps) => {
  return (host, port, accept) =>
    carrier.links(host, port, (accepted) => {
      open(accepted, settings, deps).then(accept, (error: unknown) => {
        const { address, port: from } = accepted.source;
        deps.log.info(`httpupgrade: ${formatHostPort(address.host, from)} refused: ${describeError(error)}`);
      });
    });
};

async function open(
  accepted: Accepted,
  settings: HttpUpgradeSettings,
  deps: TransportDeps,
): Promise<Accepted> {
  const { clock } = deps;
  const handshake = new RequestHandshake(settings, () => clock.nowMs());
  const { link, value } = await performHandshake(accepted.link, handshake, {
    clock,
    timeoutMs: headTimeoutMs,
    peer: 'the client',
  });
  const { early, head } = value;
  return {
    link: early.length === 0 ? link : prefixedLink(link, early),
    source: settings.trustForwardedFor
      ? forwardedFor(fieldText(head.fields, 'x-forwarded-for'), accepted.source)
      : accepted.source,
    local: accepted.local,
    admit: () => accepted.admit(),
  };
}
