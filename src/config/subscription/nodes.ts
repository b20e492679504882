/** Members of configurations as the texts of links. */
import { type ConfigNode, memberOf, type ObjectNode } from '../tree/node.js';

/** Empty if there is none, or it has no text. */
export function textAt(node: ObjectNode, key: string): string {
  const value = memberOf(node, key)?.value;
  return value === undefined ? '' : textOf(value).trim();
}

/** Lists with commas, as links have them. Objects have no text. */
export function textOf(node: ConfigNode): string {
  switch (node.kind) {
    case 'list':
      return node.items.map(textOf).join(',');
    case 'object':
    case 'null':
      return '';
    default:
      return String(node.value);
  }
}

export function objectAt(node: ObjectNode, key: string): ObjectNode | undefined {
  const value = memberOf(node, key)?.value;
  return value?.kind === 'object' ? value : undefined;
}

/** What says no, and nothing. */
export function isOff(node: ConfigNode): boolean {
  return node.kind === 'null' || (node.kind === 'boolean' && !node.value);
}

/** A section that is there and not switched off. */
export function isOn(node: ConfigNode): boolean {
  if (node.kind !== 'object') return !isOff(node);
  const enabled = memberOf(node, 'enabled')?.value;
  const enable = memberOf(node, 'enable')?.value;
  return ![enabled, enable].some((each) => each !== undefined && isOff(each)) && node.members.length > 0;
}
