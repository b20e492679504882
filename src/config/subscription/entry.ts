/** One server of a subscription, or why it is none. */
import { type TsrayError, toTsrayError } from '../../core/errors.js';
import type { ShareLink } from '../share-link/share-link.js';

/** A line that is not empty and no comment, or an entry of a configuration: a server, or why it is none. */
export type SubscriptionEntry =
  | {
      /** From 1, in the decoded text. */
      readonly line: number;
      readonly link: ShareLink;
    }
  | {
      readonly line: number;
      readonly error: TsrayError;
      /** Of a server that speaks another protocol than VMess, such as `trojan`. */
      readonly protocol?: string;
    };

/** Far more servers than anybody has. */
export const maxEntries = 250_000;

/** What `read` gives, or why it gave nothing. */
export function entryOf(line: number, read: () => ShareLink): SubscriptionEntry {
  try {
    return { line, link: read() };
  } catch (error) {
    return { line, error: toTsrayError(error, 'ERR_LINK') };
  }
}
