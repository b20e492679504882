/** Forms that V2Ray reads for the sake of old files only, with what to write instead. */

export interface Deprecation {
  /** What to write instead, as a sentence. */
  readonly instead: string;
  /** It is known, but changes nothing. */
  readonly withoutEffect?: true;
}

const useConnIdle = 'Use "connIdle" in "policy.levels" for the user level.';

/** V2Ray 4.34 and 5 still read all of them, and so does tsray for as long. */
export const deprecations = {
  port: { instead: 'Put "port" into the first entry of "inbounds".' },
  inbound: { instead: 'Make it the first entry of the list "inbounds".' },
  inboundDetour: { instead: 'Put its entries into the list "inbounds".' },
  outbound: { instead: 'Make it the first entry of the list "outbounds".' },
  outboundDetour: { instead: 'Put its entries into the list "outbounds", behind the first.' },
  domainOverride: { instead: 'Write "sniffing": { "enabled": true, "destOverride": ["http", "tls"] }.' },
  routingSettings: { instead: 'Put "rules" and "domainStrategy" directly into "routing".' },
  features: { instead: 'Put "detour" directly into "settings".' },
  timeout: { instead: useConnIdle },
  timeoutWithoutEffect: { instead: useConnIdle, withoutEffect: true },
} as const satisfies Readonly<Record<string, Deprecation>>;
