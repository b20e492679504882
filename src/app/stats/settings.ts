/** What is counted, as validated. */

export interface UserStatsSettings {
  readonly uplink: boolean;
  readonly downlink: boolean;
  /** Xray's `statsUserOnline`: from how many addresses a user is connected. */
  readonly online: boolean;
}

export interface DirectionSettings {
  readonly uplink: boolean;
  readonly downlink: boolean;
}

export interface StatsSettings {
  /** By user level; a level that is not listed counts nothing. */
  readonly levels: ReadonlyMap<number, UserStatsSettings>;
  readonly inbound: DirectionSettings;
  readonly outbound: DirectionSettings;
}
