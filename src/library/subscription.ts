/** Subscriptions from the web. */

import type { SubscriptionEntry } from '../config/subscription/entry.js';
import { readImportLink } from '../config/subscription/import-link.js';
import { parseSubscription } from '../config/subscription/parse-subscription.js';
import { readProfile, type SubscriptionProfile } from '../config/subscription/profile.js';
import { fetchText } from './fetch-text.js';

/** How `fetchSubscription` asks. */
export interface SubscriptionOptions {
  /** Milliseconds for all of it. Default 20 000. */
  readonly timeoutMs?: number;
  /** Servers answer in the form they think this program wants. Default `tsray v2rayN`. */
  readonly userAgent?: string;
  /** Gives up. Default none. */
  readonly signal?: AbortSignal;
}

/** A subscription, read. */
export interface Subscription extends SubscriptionProfile {
  /** In its order: servers, and what could not be used. */
  readonly entries: readonly SubscriptionEntry[];
}

/**
 * Reads a subscription from a link that imports one into a program (`clash://install-config?url=…`), or from an `http:` or `https:` URL, directly and not through any server; at most 32 MiB. Rejects with
 * ERR_SUBSCRIPTION if it cannot be had or is none, and ERR_ABORTED after `signal`. Messages name the host of the URL
 * only, since the rest of it is a password.
 */
export async function fetchSubscription(
  url: string | URL,
  options: SubscriptionOptions = {},
): Promise<Subscription> {
  const { headers, text } = await fetchText(addressOf(String(url), 0), options);
  return { ...readProfile(headers), entries: parseSubscription(text) };
}

/** Import links may hold others. */
function addressOf(text: string, depth: number): string {
  const inner = depth < 3 ? readImportLink(text) : undefined;
  return inner === undefined ? text : addressOf(inner, depth + 1);
}
