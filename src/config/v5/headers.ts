/** HTTP headers: jsonv5 has lists of objects where the v4 form has one object. */
import { describeFound } from '../check/found.js';
import type { ConfigNode, Member } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import type { Convert } from './shape.js';

/** `[{ "key": "Host", "value": "a.example" }]`, or with `name` and a list of values: `[{ "name": …, "value": [ … ] }]`. */
export function headerList(nameKey: 'key' | 'name'): Convert {
  const form = `{ "${nameKey}": ..., "value": ... }`;
  return (node, at) => {
    if (node.kind !== 'list') {
      const message = `expected a list of ${form}, found ${describeFound(node, 'kind')}`;
      const hint = `For example [{ "${nameKey}": "X-Name", "value": "text" }].`;
      at.report.error(node, at, 'ERR_CONFIG_VALUE', message, hint);
      return undefined;
    }
    const members = node.items.flatMap((item, index) =>
      header(item, index, nameKey, form, within(at, index)),
    );
    const { source, offset } = node;
    return { kind: 'object', source, offset, members };
  };
}

function header(item: ConfigNode, index: number, nameKey: string, form: string, at: At): Member[] {
  const name = item.kind === 'object' ? namedMember(item, nameKey) : undefined;
  if (item.kind !== 'object' || name === undefined || name.value.kind !== 'string') {
    const found = item.kind === 'object' ? `an object without "${nameKey}"` : describeFound(item, 'kind');
    at.report.error(item, at, 'ERR_CONFIG_VALUE', `expected ${form}, found ${found}`);
    return [];
  }
  const value = namedMember(item, 'value');
  for (const other of item.members) {
    if (other.key === name.key || other.key === value?.key) continue;
    at.report.unknown(other, at, { names: [nameKey, 'value'], older: new Map() });
  }
  const { source, offset } = name.value;
  const given: ConfigNode = value?.value ?? { kind: 'string', source, offset, value: '' };
  const written = [index, value?.key ?? 'value'];
  return [{ key: name.value.value, keySpan: { source, offset }, value: { ...given, written } }];
}
