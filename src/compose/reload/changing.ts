/** The parts of an instance that follow its settings. */
import type { Api } from '../../app/api/api.js';
import type { RuleRouter } from '../../app/router/router.js';
import type { OutboundSettings, Settings } from '../../config/settings.js';
import type { Observations } from '../../contract/observations.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Service } from '../../contract/service.js';
import type { Tracker } from '../../contract/tracker.js';

/** Made anew where the settings differ, and exchanged in one step. */
export interface Changing {
  readonly settings: Settings;
  readonly router: RuleRouter;
  readonly outbounds: ReadonlyMap<OutboundSettings, Outbound>;
  readonly portals: readonly Outbound[];
  readonly bridges: readonly Service[];
  readonly api: Api | undefined;
  readonly observatory: (Service & Observations) | undefined;
  readonly tracker: Tracker;
}

/** All that rules can choose, in order. */
export function waysOf({ api, outbounds, portals }: Changing): readonly Outbound[] {
  const ways = [...outbounds.values(), ...portals];
  // Alone it would be the first outbound, and every client would reach it.
  const apiOutbound = ways.length === 0 ? undefined : api?.outbound;
  return apiOutbound === undefined ? ways : [...ways, apiOutbound];
}
