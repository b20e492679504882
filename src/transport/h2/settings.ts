/** Settings of HTTP/2 (docs/config.md, "httpSettings"). */
export interface H2Settings {
  /** Client: one is chosen at random. Server: what it answers to; empty: anything. */
  readonly hosts: readonly string[];
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Seconds without a frame before a ping is sent; 0: never. */
  readonly readIdleTimeoutSeconds: number;
  /** Seconds to wait for that ping's answer. */
  readonly healthCheckTimeoutSeconds: number;
  readonly trustForwardedFor: boolean;
}
