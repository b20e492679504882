/** What a link says, whatever its form. */

export type LinkNetwork = 'tcp' | 'ws' | 'http' | 'grpc' | 'kcp' | 'quic' | 'httpupgrade';
export type LinkSecurity = 'auto' | 'aes-128-gcm' | 'chacha20-poly1305' | 'none' | 'zero' | 'aes-128-cfb';
/** What the datagrams of mKCP and QUIC look like. */
export type LinkPacketHeader = 'none' | 'srtp' | 'utp' | 'wechat-video' | 'dtls' | 'wireguard';

/** What protects QUIC's datagrams once more. */
export type LinkQuicSecurity = 'none' | 'aes-128-gcm' | 'chacha20-poly1305';
export type LinkPacketEncoding = 'xudp' | 'packetaddr';

export interface LinkTls {
  /** Undefined: the server's address. */
  readonly serverName?: string;
  readonly alpn: readonly string[];
  readonly allowInsecure: boolean;
}

/** How the bytes travel; values that stand for a default are empty. */
export type LinkCarriage =
  | {
      readonly network: 'tcp';
      readonly httpHead?: { readonly hosts: readonly string[]; readonly paths: readonly string[] };
    }
  | {
      readonly network: 'ws' | 'httpupgrade';
      readonly host: string;
      readonly path: string;
      /** Others than Host; links are not written with them. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly network: 'http'; readonly hosts: readonly string[]; readonly path: string }
  | {
      readonly network: 'grpc';
      readonly serviceName: string;
      readonly multiMode: boolean;
      readonly authority: string;
    }
  | { readonly network: 'kcp'; readonly header: LinkPacketHeader; readonly seed: string }
  | {
      readonly network: 'quic';
      readonly security: LinkQuicSecurity;
      /** Secret. */
      readonly key: string;
      readonly header: LinkPacketHeader;
    };

export interface LinkFields {
  readonly name: string;
  /** IP without brackets, or a name. */
  readonly address: string;
  readonly port: number;
  /** Secret. */
  readonly id: string;
  readonly alterId: number;
  readonly security: LinkSecurity;
  readonly carriage: LinkCarriage;
  readonly tls?: LinkTls;
  /** How UDP goes; undefined: one connection for each destination. */
  readonly packetEncoding?: LinkPacketEncoding;
}
