/** The way from a path in a translated tree to the keys in the user's own text. */
import { type ConfigNode, memberOf } from './node.js';

type Path = readonly (string | number)[];

/** The same path for a tree that was not translated. */
export function writtenPath(root: ConfigNode, path: Path): Path {
  let node: ConfigNode | undefined = root;
  return path.flatMap((key) => {
    const around: ConfigNode | undefined = node;
    node = around === undefined ? undefined : childOf(around, key);
    if (node?.written !== undefined) return node.written;
    const missing = node === undefined && around?.kind === 'object';
    return [(missing ? around.names?.get(String(key)) : undefined) ?? key];
  });
}

function childOf(node: ConfigNode, key: string | number): ConfigNode | undefined {
  if (node.kind === 'list') return typeof key === 'number' ? node.items[key] : undefined;
  return node.kind === 'object' ? memberOf(node, String(key))?.value : undefined;
}
