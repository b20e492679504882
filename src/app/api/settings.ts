/** `api`, as validated. */

export interface ApiSettings {
  /** Of the outbound that rules send callers to. */
  readonly tag: string;
  /** In lower case; unknown ones have no effect, as in V2Ray. */
  readonly services: readonly string[];
  /** Where it listens by itself; absent: it is reached by rules only. */
  readonly listen?: { readonly host: string; readonly port: number } | { readonly path: string };
  /** What calls over TCP to `listen` have to bring. */
  readonly token?: string;
}
