/** V2Ray's JSON objects as callers write them. docs/config.md explains every key; the configuration layer checks them. */

/** `streamSettings`: how connections to or of a server are carried. */
export interface StreamObject {
  /** The transport; the settings of its name belong to it. Default `tcp`. */
  readonly network?:
    | 'tcp'
    | 'ws'
    | 'httpupgrade'
    | 'http'
    | 'h2'
    | 'grpc'
    | 'kcp'
    | 'mkcp'
    | 'quic'
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
  readonly quicSettings?: Readonly<Record<string, unknown>>;
  readonly kcpSettings?: Readonly<Record<string, unknown>>;
  readonly dsSettings?: Readonly<Record<string, unknown>>;
  /** Options of the socket below. */
  readonly sockopt?: Readonly<Record<string, unknown>>;
}

/** An entry of `outbounds`. */
export interface OutboundObject {
  /** `vmess`, `socks`, `http`, `freedom` … */
  readonly protocol: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly streamSettings?: StreamObject;
  /** Name in logs. Default none. */
  readonly tag?: string;
  /** Local IP address that connections are made from. Default: the system's choice. */
  readonly sendThrough?: string;
  /** Many connections over one: `{ enabled, concurrency }`. Default off. */
  readonly mux?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** An entry of V2Ray's `policy.levels`. Times in seconds. */
export interface PolicyLevel {
  /** From accepting a connection until its request is read; level 0 counts for all. Default 60. */
  readonly handshake?: number;
  /** Without data for this long a connection ends. Default 300. */
  readonly connIdle?: number;
  /** Quiet time allowed once the target has ended its half. Default 1. */
  readonly uplinkOnly?: number;
  /** Quiet time allowed once the client has ended its half. Default 1. */
  readonly downlinkOnly?: number;
  /** Kilobytes a connection may hold for a slow reader; negative: no limit. Default 512. */
  readonly bufferSize?: number;
  /** Other keys of V2Ray, which have no effect here. */
  readonly [key: string]: unknown;
}
