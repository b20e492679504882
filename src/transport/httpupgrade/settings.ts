/** Settings of HTTPUpgrade (docs/config.md, "httpupgradeSettings"). */
export interface HttpUpgradeSettings {
  readonly path: string;
  /** Client: the Host header; undefined: the destination. */
  readonly host?: string;
  /** Server: the only host it answers to, as in Xray and sing-box; undefined: any, as in V2Ray. */
  readonly requiredHost?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly acceptProxyProtocol: boolean;
  /** v2ray: early data in this header, up to `maxEarlyData`; empty: none. */
  readonly earlyDataHeaderName: string;
  readonly maxEarlyData: number;
  readonly trustForwardedFor: boolean;
}
