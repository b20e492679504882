/** Stream settings of the two transports over HTTP/2, without TLS unless told otherwise. */
import type { GrpcSettings } from '../../src/transport/grpc/settings.js';
import type { H2Settings } from '../../src/transport/h2/settings.js';
import type { StreamSettings } from '../../src/transport/stack/stream-settings.js';
import type { TlsSettings } from '../../src/transport/tls/settings.js';
import { makeCertificate } from './certificates.js';

const sockopt = { acceptProxyProtocol: false };

export function h2Settings(more: Partial<H2Settings> = {}, tls?: TlsSettings): StreamSettings {
  const h2: H2Settings = {
    hosts: [],
    path: '/tunnel',
    method: 'PUT',
    headers: {},
    readIdleTimeoutSeconds: 0,
    healthCheckTimeoutSeconds: 0,
    trustForwardedFor: false,
    ...more,
  };
  return { network: 'http', h2, sockopt, ...(tls === undefined ? {} : { tls }) };
}

export function grpcSettings(more: Partial<GrpcSettings> = {}, tls?: TlsSettings): StreamSettings {
  const grpc: GrpcSettings = {
    serviceName: 'GunService',
    multiMode: false,
    idleTimeoutSeconds: 0,
    healthCheckTimeoutSeconds: 0,
    permitWithoutStream: false,
    initialWindowsSize: 0,
    trustForwardedFor: false,
    ...more,
  };
  return { network: 'grpc', grpc, sockopt, ...(tls === undefined ? {} : { tls }) };
}

/** One certificate for both sides; the client takes any. */
export function anyTls(): TlsSettings {
  const { certificate, key } = makeCertificate();
  return {
    allowInsecure: true,
    certificates: [{ usage: 'encipherment', certificate: { pem: certificate }, key: { pem: key } }],
    enableSessionResumption: false,
    disableSystemRoot: false,
    pinnedPeerCertificateChains: [],
  };
}
