/** Limits per user level, from the configuration's list. */
import { defaultLevelPolicy, type LevelPolicy, type PolicyProvider } from '../../contract/policy.js';

export function createPolicy(levels: ReadonlyMap<number, LevelPolicy>): PolicyProvider {
  return { forLevel: (level) => levels.get(level) ?? defaultLevelPolicy };
}
