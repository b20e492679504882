/** Keys of jsonv5: protobuf's names, which may be written `max_early_data` or `maxEarlyData`. */
import type { Member, ObjectNode } from '../tree/node.js';

/** What both spellings have in common; case does not count, as in the v4 form. */
export function plainName(key: string): string {
  return key.replaceAll('_', '').toLowerCase();
}

/** The member that counts for `name`, in either spelling; one that is null does not. */
export function namedMember(node: ObjectNode, name: string): Member | undefined {
  const wanted = plainName(name);
  const found = node.members.findLast((member) => plainName(member.key) === wanted);
  return found?.value.kind === 'null' ? undefined : found;
}
