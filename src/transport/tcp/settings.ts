/** Settings of the raw TCP transport (docs/config.md, "tcpSettings"). */
export interface HttpHeadSettings {
  readonly request: {
    readonly version: string;
    readonly method: string;
    /** One is chosen at random for each connection. */
    readonly paths: readonly string[];
    /** In the order they are written; one value of each is chosen at random. */
    readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  };
  readonly response: {
    readonly version: string;
    readonly status: string;
    readonly reason: string;
    readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  };
}

export interface TcpSettings {
  /** Undefined: header type `none`. */
  readonly httpHead?: HttpHeadSettings;
  readonly acceptProxyProtocol: boolean;
}
