/** Socket options (docs/config.md, "sockopt"), as far as Node can set them. */
export interface SockoptSettings {
  /** PROXY protocol header required on inbounds. */
  readonly acceptProxyProtocol: boolean;
  /** Milliseconds without data until the first keep-alive probe; 0: none are sent; absent: `defaultKeepAliveMs`. */
  readonly keepAliveMs?: number;
}

/** Go's, and so V2Ray's, on both sides. */
const defaultKeepAliveMs = 15_000;

/** Undefined: no probes. */
export function keepAliveDelayMs({ keepAliveMs = defaultKeepAliveMs }: SockoptSettings): number | undefined {
  return keepAliveMs === 0 ? undefined : keepAliveMs;
}
