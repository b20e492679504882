/** Settings of the Mux client, validated. */

/** What becomes of UDP to port 443 (QUIC; browsers that find it refused take TCP). */
export type Udp443 = 'reject' | 'allow' | 'skip';

export interface MuxSettings {
  /** TCP sessions open at the same time on one carrier, 1 … 1024; undefined: TCP is not muxed. */
  readonly concurrency: number | undefined;
  /** The same for UDP on carriers of its own; 0: UDP goes where TCP goes; undefined: UDP is not muxed. */
  readonly udpConcurrency: number | undefined;
  /** Undefined: as Xray (`reject`) where UDP is XUDP, as V2Ray (`allow`) elsewhere. */
  readonly udp443: Udp443 | undefined;
}
