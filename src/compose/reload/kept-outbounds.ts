/** Outbounds that serve on after a reload. */
import type { OutboundSettings } from '../../config/settings.js';
import type { Outbound } from '../../contract/outbound.js';
import type { Plan } from './plan.js';

/** Those that do not differ, and go through none that does. */
export function keptOutbounds(
  { outbounds: { entries } }: Plan,
  made: ReadonlyMap<OutboundSettings, Outbound>,
): ReadonlyMap<OutboundSettings, Outbound> {
  const byTag = new Map(entries.map((entry) => [entry.settings.tag, entry]));
  const kept = new Map<OutboundSettings, Outbound>();
  for (const { differs, old, settings } of entries) {
    let whole = !differs;
    for (let via = settings.proxyTag; whole && via !== undefined; ) {
      const through = byTag.get(via);
      whole = through !== undefined && !through.differs;
      via = through?.settings.proxyTag;
    }
    const outbound = old && made.get(old);
    if (whole && outbound !== undefined) kept.set(settings, outbound);
  }
  return kept;
}
