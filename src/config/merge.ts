/**
 * Several configurations into one, by V2Ray 4.34's rules: a later file replaces whole sections; its inbounds and
 * outbounds replace the lists if there are two or more of them, and a single one replaces that of the same tag or is
 * added. A single new outbound becomes the default route, unless its file's name says "tail".
 */
import { type ConfigNode, type Member, memberOf, type ObjectNode } from './tree/node.js';

/** The handlers' lists; everything else is replaced whole. */
const lists = new Set(['inbounds', 'outbounds']);

/** `trees` in the order of the files, at least one. A root that is not an object is left to the checks. */
export function mergeConfigs(trees: readonly ConfigNode[]): ConfigNode {
  return trees.reduce((merged, later) =>
    merged.kind === 'object' && later.kind === 'object' ? mergeTwo(merged, later) : later,
  );
}

function mergeTwo(earlier: ObjectNode, later: ObjectNode): ObjectNode {
  const members = new Map<string, Member>(
    earlier.members.map((member) => [member.key.toLowerCase(), member]),
  );
  for (const member of later.members) {
    const key = member.key.toLowerCase();
    const known = members.get(key);
    // null means: nothing said here.
    if (member.value.kind === 'null' && known !== undefined) continue;
    members.set(key, known !== undefined && lists.has(key) ? mergeList(known, member, key) : member);
  }
  const lacks = [...(earlier.lacks ?? []), ...(later.lacks ?? [])];
  return { ...earlier, members: [...members.values()], ...(lacks.length === 0 ? {} : { lacks }) };
}

function mergeList(known: Member, later: Member, key: string): Member {
  if (known.value.kind !== 'list' || later.value.kind !== 'list') return later;
  if (later.value.items.length === 0) return known;
  if (later.value.items.length > 1) return later;
  const [added] = later.value.items as [ConfigNode];
  const items = [...known.value.items];
  const same = items.findIndex((item) => tagOf(item) === tagOf(added));
  if (same >= 0) items[same] = added;
  else if (key === 'outbounds' && !later.value.source.fileName.toLowerCase().includes('tail'))
    items.unshift(added);
  else items.push(added);
  return { ...known, value: { ...known.value, items } };
}

function tagOf(node: ConfigNode): string {
  const tag = node.kind === 'object' ? memberOf(node, 'tag')?.value : undefined;
  return tag?.kind === 'string' ? tag.value : '';
}
