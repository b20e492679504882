/** The user a connection was authenticated as. */
export interface User {
  /** Name for logs and statistics; empty if the configuration gives none. */
  readonly email: string;
  /** Policy level, 0 … 255. */
  readonly level: number;
}
