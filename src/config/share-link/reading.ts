import type { LinkValues } from './values.js';

/** What the readers of a link's parts share. */
export interface Reading {
  readonly values: LinkValues;
  readonly warnings: string[];
  /** Secret: no message may hold it. */
  readonly id: string;
}
