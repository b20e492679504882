/** Service: what an instance keeps beside its handlers, such as DNS, probes or the API. */
export interface Service {
  /** Resolves when connections may rely on it. Rejects with a TsrayError, leaving nothing open. */
  start(): Promise<void>;
  /** Frees all handles and timers. Idempotent; also called for a service that was never started. */
  close(): Promise<void>;
}
