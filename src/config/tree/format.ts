/** The languages a configuration may be written in; `jsonv5` is JSON with the keys of V2Ray's newer format. */
import type { ProblemList } from '../problem.js';
import type { ConfigNode } from './node.js';
import { parseText } from './parse.js';
import { parseToml } from './toml.js';
import { parseYaml } from './yaml.js';

export const configFormats = ['json', 'yaml', 'toml', 'jsonv5'] as const;
export type ConfigFormat = (typeof configFormats)[number];

const parsers = { json: parseText, yaml: parseYaml, toml: parseToml, jsonv5: parseText } as const;

/** By the file's ending; JSON where it says nothing. */
export function formatOf(fileName: string): ConfigFormat {
  if (/\.v5\.jsonc?$/i.test(fileName)) return 'jsonv5';
  const ending = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase();
  if (ending === 'yaml' || ending === 'yml') return 'yaml';
  return ending === 'toml' ? 'toml' : 'json';
}

/** Text → tree; `order` is the file's place among several. Undefined if syntax errors leave nothing to check. */
export function parseAs(
  format: ConfigFormat,
  text: string,
  fileName: string,
  order: number,
  problems: ProblemList,
): ConfigNode | undefined {
  return parsers[format](text, fileName, order, problems);
}
