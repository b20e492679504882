/** TLS of QUIC: what `tlsSettings` say, or V2Ray's internal name and a certificate that nobody verifies. */
import type { CarriedTlsClient, CarriedTlsServer } from '../carrier/carried-tls.js';
import type { TransportDeps } from '../carrier/framing.js';
import { createCarriedTlsClient, createCarriedTlsServer } from '../tls/carried.js';
import { selfSignedIdentity } from '../tls/identity.js';
import type { TlsSettings } from '../tls/settings.js';

/** V2Ray 4.34's; v2ray-core 5 says quic.internal.v2fly.org. Neither is looked at. */
const internalName = 'quic.internal.v2ray.com';

export function quicClientSecurity(
  settings: TlsSettings | undefined,
  alpn: readonly string[],
  deps: TransportDeps,
): CarriedTlsClient {
  if (settings !== undefined) return createCarriedTlsClient(settings, alpn, deps);
  return {
    alpn,
    serverName: () => internalName,
    authorities: () => undefined,
    verify: () => undefined,
  };
}

export function quicServerSecurity(
  settings: TlsSettings | undefined,
  alpn: readonly string[],
  deps: TransportDeps,
): CarriedTlsServer {
  if (settings !== undefined) return createCarriedTlsServer(settings, alpn, deps);
  const identity = selfSignedIdentity(internalName, deps.clock.nowMs(), deps.random);
  return { alpn, identity: () => identity };
}
