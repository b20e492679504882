/** Limits per user level, from the configuration's list. */
import { defaultLevelPolicy, type LevelPolicy, type PolicyProvider } from '../../contract/policy.js';

/** `levels` is asked each time: they may change while connections go on. */
export function createPolicy(levels: () => ReadonlyMap<number, LevelPolicy>): PolicyProvider {
  return { forLevel: (level) => levels().get(level) ?? defaultLevelPolicy };
}
