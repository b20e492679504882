/** Settings of WebSocket (docs/config.md, "wsSettings"). */
export interface WsSettings {
  /** Begins with a slash; without the `ed` parameter. */
  readonly path: string;
  /** Without Host. */
  readonly headers: Readonly<Record<string, string>>;
  /** Client: the Host header; undefined: the destination. */
  readonly host?: string;
  /** Server: the only host it answers to, as in Xray; undefined: any, as in V2Ray. */
  readonly requiredHost?: string;
  readonly acceptProxyProtocol: boolean;
  /** 0: no early data. */
  readonly maxEarlyData: number;
  /** Where early data travels; empty: appended to the path. */
  readonly earlyDataHeaderName: string;
  /** Xray's rule (`?ed=`): the first write travels early only if all of it fits. */
  readonly earlyDataWhole: boolean;
  /** The first address of X-Forwarded-For becomes the source. */
  readonly trustForwardedFor: boolean;
  /** Seconds between pings; 0: none. */
  readonly heartbeatSeconds: number;
}
