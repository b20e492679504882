/** Settings of `reverse`, as validated. */

export interface BridgeSettings {
  /** Inbound tag of what the bridge opens and of what comes out of it. */
  readonly tag: string;
  /** Stands for the portal: connections that the bridge opens go there, port 0. Compared exactly. */
  readonly domain: string;
}

export interface PortalSettings {
  /** Outbound tag. */
  readonly tag: string;
  /** A connection to this name is a bridge's; every other one goes through a bridge. */
  readonly domain: string;
}

export interface ReverseSettings {
  readonly bridges: readonly BridgeSettings[];
  readonly portals: readonly PortalSettings[];
}
