/** Exit codes of the command line; 23 is V2Ray's for a configuration error. */
export const exitCode = { ok: 0, failure: 1, config: 23 } as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Where a command puts its exit code: one of `exitCode`, or that of a program that it has run. */
export interface Outcome {
  code: number;
}
