/** `tsray/config`: V2Ray's configuration alone; no socket is opened. */
export { type LoadOptions, loadConfig } from './config/loader.js';
export { type ParsedConfig, type ParseOptions, parseConfig } from './config/parse-config.js';
export { type ConfigProblem, formatProblem, type Severity } from './config/problem.js';
export type {
  Allocation,
  InboundSettings,
  LogSettings,
  OutboundSettings,
  Settings,
} from './config/settings.js';
export { type FormatOptions, formatShareLink } from './config/share-link/format-share-link.js';
export type { LinkOutbound, LinkStream } from './config/share-link/outbound.js';
export { parseShareLink, type ShareLink } from './config/share-link/share-link.js';
export type { LinkStyle } from './config/share-link/write.js';
export type { SubscriptionEntry } from './config/subscription/entry.js';
export { parseSubscription } from './config/subscription/parse-subscription.js';
export type { StreamSettings } from './transport/stack/stream-settings.js';
