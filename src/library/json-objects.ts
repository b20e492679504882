/** V2Ray's JSON objects as callers write them. docs/config.md explains every key; the configuration layer checks them. */

/** `streamSettings`: how connections to or of a server are carried. */
export interface StreamObject {
  /** Default `tcp`. */
  readonly network?:
    | 'tcp'
    | 'ws'
    | 'httpupgrade'
    | 'http'
    | 'h2'
    | 'grpc'
    | 'kcp'
    | 'mkcp'
    | 'domainsocket'
    | 'ds';
  /** Default `none`. */
  readonly security?: 'none' | 'tls';
  readonly tlsSettings?: Readonly<Record<string, unknown>>;
  readonly tcpSettings?: Readonly<Record<string, unknown>>;
  readonly wsSettings?: Readonly<Record<string, unknown>>;
  readonly httpupgradeSettings?: Readonly<Record<string, unknown>>;
  readonly httpSettings?: Readonly<Record<string, unknown>>;
  readonly grpcSettings?: Readonly<Record<string, unknown>>;
  readonly kcpSettings?: Readonly<Record<string, unknown>>;
  readonly dsSettings?: Readonly<Record<string, unknown>>;
  readonly sockopt?: Readonly<Record<string, unknown>>;
}

/** An entry of `outbounds`. */
export interface OutboundObject {
  /** `vmess`, `socks`, `http`, `freedom` … */
  readonly protocol: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly streamSettings?: StreamObject;
  readonly tag?: string;
  readonly sendThrough?: string;
  readonly mux?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}
