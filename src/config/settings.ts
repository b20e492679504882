/** A whole configuration after validation: what the instance is built from. */

import type { ApiSettings } from '../app/api/settings.js';
import type { DnsSettings } from '../app/dns/settings.js';
import type { MetricsSettings } from '../app/metrics/settings.js';
import type { AnyObservatorySettings } from '../app/observatory/settings.js';
import type { RoutingSettings } from '../app/router/settings.js';
import type { SniffingSettings } from '../app/sniff/settings.js';
import type { StatsSettings } from '../app/stats/settings.js';
import type { LogLevel } from '../contract/logger.js';
import type { LevelPolicy } from '../contract/policy.js';
import type { Address } from '../core/net/address.js';
import type { BlackholeSettings } from '../proxy/blackhole/settings.js';
import type { DnsOutboundSettings } from '../proxy/dns/settings.js';
import type { DokodemoSettings } from '../proxy/dokodemo/settings.js';
import type { FreedomSettings } from '../proxy/freedom/settings.js';
import type { HttpInboundSettings, HttpOutboundSettings } from '../proxy/http/settings.js';
import type { LoopbackSettings } from '../proxy/loopback/settings.js';
import type { MuxSettings } from '../proxy/mux/settings.js';
import type { ReverseSettings } from '../proxy/reverse/settings.js';
import type { SocksInboundSettings, SocksOutboundSettings } from '../proxy/socks/settings.js';
import type { VmessInboundSettings, VmessOutboundSettings } from '../proxy/vmess/settings.js';
import type { StreamSettings } from '../transport/stack/stream-settings.js';

/** `log`: where the two logs go. */
export interface LogSettings {
  /** Path, `stdout`, or `none`. */
  readonly access: string;
  readonly error: string;
  readonly level: LogLevel | 'none';
}

/** How the ports of a range are used. `random`: a few at a time, changed every `refreshMinutes` (dynamic ports). */
export type Allocation =
  | { readonly strategy: 'always' }
  | { readonly strategy: 'random'; readonly concurrency: number; readonly refreshMinutes: number };

interface InboundBase {
  /** May be empty. */
  readonly tag: string;
  /** IP to listen on, of which `0.0.0.0` means all, dual-stack; or a Unix socket: `/path`, `@abstract`, `@@padded`. */
  readonly listen: string;
  /** Every port of the range, at least one. 0: any free port. */
  readonly ports: readonly number[];
  readonly allocation: Allocation;
  /** Absent: first bytes are not looked at. */
  readonly sniffing?: SniffingSettings;
  readonly stream: StreamSettings;
}

/** An entry of `inbounds`. */
export type InboundSettings = InboundBase &
  (
    | { readonly protocol: 'socks'; readonly settings: SocksInboundSettings }
    | { readonly protocol: 'http'; readonly settings: HttpInboundSettings }
    | { readonly protocol: 'dokodemo-door'; readonly settings: DokodemoSettings }
    | { readonly protocol: 'vmess'; readonly settings: VmessInboundSettings }
  );

interface OutboundBase {
  /** May be empty. */
  readonly tag: string;
  /** Names that it dials are resolved by `dns`, and by the system if that has no address. Absent: by the system. */
  readonly dialStrategy?: 'UseIP' | 'UseIPv4' | 'UseIPv6';
  /** Local IP of outgoing sockets. */
  readonly sendThrough?: Address;
  /** Tag of the outbound that this one's connections go through. */
  readonly proxyTag?: string;
  /** With `proxyTag`: all of `stream` counts there too. Otherwise only its TLS does. */
  readonly transportLayer?: boolean;
  /** Connections to each server kept ready while there is traffic (ours). Absent: none. */
  readonly predial?: number;
  /** Absent: connections are not muxed. */
  readonly mux?: MuxSettings;
  readonly stream: StreamSettings;
}

/** An entry of `outbounds`. */
export type OutboundSettings = OutboundBase &
  (
    | { readonly protocol: 'freedom'; readonly settings: FreedomSettings }
    | { readonly protocol: 'blackhole'; readonly settings: BlackholeSettings }
    | { readonly protocol: 'dns'; readonly settings: DnsOutboundSettings }
    | { readonly protocol: 'loopback'; readonly settings: LoopbackSettings }
    | { readonly protocol: 'socks'; readonly settings: SocksOutboundSettings }
    | { readonly protocol: 'http'; readonly settings: HttpOutboundSettings }
    | { readonly protocol: 'vmess'; readonly settings: VmessOutboundSettings }
  );

/** Marks what `parseConfig` has made: settings look much like a configuration. */
export const validated: unique symbol = Symbol('validated settings');

/** A validated configuration with every default filled in; `createInstance` runs it. */
export interface Settings {
  readonly [validated]: true;
  readonly log: LogSettings;
  /** How many threads serve connections; `auto`: one for each processor. Absent: the main thread alone (ours). */
  readonly workers?: number | 'auto';
  /** Absent: there is no API. */
  readonly api?: ApiSettings;
  /** Absent: nothing is counted. */
  readonly stats?: StatsSettings;
  /** Absent: there are none (ours). */
  readonly metrics?: MetricsSettings;
  /** Where counters and used quotas are kept over a restart (ours). Absent: nowhere. */
  readonly statsFile?: string;
  /** Absent: the system resolves names. */
  readonly dns?: DnsSettings;
  /** Levels the configuration lists; others have the defaults. */
  readonly policy: ReadonlyMap<number, LevelPolicy>;
  readonly inbounds: readonly InboundSettings[];
  /** Which outbound a connection leaves by. */
  readonly routing: RoutingSettings;
  readonly reverse: ReverseSettings;
  /** What balancers know of outbounds; undefined: nothing. */
  readonly observatory: AnyObservatorySettings | undefined;
  /** The first is the default route. */
  readonly outbounds: readonly OutboundSettings[];
}
