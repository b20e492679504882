/** Socket options (transports.md section 11), as far as Node can set them. */
export interface SockoptSettings {
  /** PROXY protocol header required on inbounds. */
  readonly acceptProxyProtocol: boolean;
  /** Milliseconds until the first keep-alive probe; undefined: the system's. */
  readonly keepAliveMs?: number;
}
