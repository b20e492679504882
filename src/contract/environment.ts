/** V2Ray's environment flags that tsray obeys; read once by the CLI (or given by library users). */
export interface EnvironmentFlags {
  /** `v2ray.vmess.aead.disabled=true`: the client never uses AEAD headers. */
  readonly vmessAeadDisabled: boolean;
  /** `v2ray.vmess.aead.forced=true`: the server refuses legacy headers. */
  readonly vmessAeadForced: boolean;
  /** `v2ray.vmess.padding` set to anything: the client pads NONE too. */
  readonly vmessPadding: boolean;
}
