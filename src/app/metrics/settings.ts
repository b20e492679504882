/** `metrics`, as validated. */
export interface MetricsSettings {
  readonly listen: { readonly host: string; readonly port: number } | { readonly path: string };
  /** What scrapes over TCP have to bring as `authorization: Bearer TOKEN`; absent: nothing. */
  readonly token?: string;
  /** Whether there is a series for each user. */
  readonly users: boolean;
}
