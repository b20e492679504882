/** `streamSettings` after validation: how links are carried. */

import type { GrpcSettings } from '../grpc/settings.js';
import type { H2Settings } from '../h2/settings.js';
import type { HttpUpgradeSettings } from '../httpupgrade/settings.js';
import type { KcpSettings } from '../kcp/settings.js';
import type { QuicSettings } from '../quic/settings.js';
import type { SockoptSettings } from '../socket/sockopt.js';
import type { TcpSettings } from '../tcp/settings.js';
import type { TlsSettings } from '../tls/settings.js';
import type { UnixSettings } from '../unix/settings.js';
import type { WsSettings } from '../ws/settings.js';

/** The transport, its security and its socket options. */
export type StreamSettings = {
  /** Absent: `security` is `none`. */
  readonly tls?: TlsSettings;
  readonly sockopt: SockoptSettings;
} & (
  | { readonly network: 'tcp'; readonly tcp: TcpSettings }
  | { readonly network: 'ws'; readonly ws: WsSettings }
  | { readonly network: 'httpupgrade'; readonly httpupgrade: HttpUpgradeSettings }
  | { readonly network: 'http'; readonly h2: H2Settings }
  | { readonly network: 'grpc'; readonly grpc: GrpcSettings }
  | { readonly network: 'kcp'; readonly kcp: KcpSettings }
  | { readonly network: 'quic'; readonly quic: QuicSettings }
  | { readonly network: 'domainsocket'; readonly unix: UnixSettings }
);

/** What `streamSettings` mean if there are none. */
export const plainTcp: StreamSettings = {
  network: 'tcp',
  tcp: { acceptProxyProtocol: false },
  sockopt: { acceptProxyProtocol: false },
};
