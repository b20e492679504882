/** Settings of Unix domain sockets (docs/config.md, "dsSettings"). */
export interface UnixSettings {
  readonly path: string;
  /** Linux: a name without a file. */
  readonly abstract: boolean;
  /** An abstract name is filled with zero bytes to its full length. */
  readonly padding: boolean;
  /** Permissions of the socket's file on a server; absent: `defaultUnixMode`. */
  readonly mode?: number;
}
