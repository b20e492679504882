/** Settings of a loopback outbound, as validated. */
export interface LoopbackSettings {
  /** Tag of the inbound that its connections seem to come from. */
  readonly inboundTag: string;
}
