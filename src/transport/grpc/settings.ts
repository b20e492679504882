/** Settings of gRPC (docs/config.md, "grpcSettings"). */
export interface GrpcSettings {
  readonly serviceName: string;
  readonly multiMode: boolean;
  /** Seconds; 0: no keep-alive pings. */
  readonly idleTimeoutSeconds: number;
  readonly healthCheckTimeoutSeconds: number;
  readonly permitWithoutStream: boolean;
  /** Bytes; 0: our default. */
  readonly initialWindowsSize: number;
  readonly authority?: string;
  readonly userAgent?: string;
  readonly trustForwardedFor: boolean;
}
