/** Reads configuration files: the only file I/O of this folder. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TsrayError } from '../core/errors.js';
import { mergeConfigs } from './merge.js';
import { type ParsedConfig, type ParseOptions, settingsOf } from './parse-config.js';
import { ProblemList } from './problem.js';
import { type ConfigFormat, formatOf } from './tree/format.js';
import type { ConfigNode } from './tree/node.js';
import { readTree } from './v5/read-tree.js';

/** More than any configuration needs; keeps a wrong file or endless input from filling memory. */
export const maxConfigBytes = 64 * 1024 * 1024;

/** How `loadConfig` reads. */
export interface LoadOptions extends Omit<ParseOptions, 'fileName'> {
  /** What `-` reads. */
  readonly standardInput: AsyncIterable<Uint8Array>;
  /** Default: by each file's ending. */
  readonly format?: ConfigFormat | undefined;
}

/** Where standard input is named, V2Ray writes `stdin:`. */
function isStandardInput(file: string): boolean {
  return file === '-' || file === 'stdin:';
}

/** Reads `file` (`-`: standard input) and parses it. Rejects with ERR_CONFIG_READ if it cannot be read as text. */
export function loadConfig(file: string, options: LoadOptions): Promise<ParsedConfig> {
  return loadConfigs([file], options);
}

/** Reads several files, at least one, and merges them by V2Ray's rules. */
export async function loadConfigs(files: readonly string[], options: LoadOptions): Promise<ParsedConfig> {
  const problems = new ProblemList();
  const trees: ConfigNode[] = [];
  let broken = false;
  for (const [order, file] of files.entries()) {
    const fileName = isStandardInput(file) ? 'standard input' : file;
    const chunks = isStandardInput(file) ? options.standardInput : createReadStream(file);
    const text = await readText(fileName, chunks);
    const format = options.format ?? formatOf(file);
    const tree = readTree(text, { format, fileName, order, strict: options.strict ?? false }, problems);
    if (tree === undefined) broken = true;
    else trees.push(tree);
  }
  return settingsOf(broken ? undefined : mergeConfigs(trees), problems, options);
}

/** The configuration files of a folder, by name: what `-confdir` takes. Rejects with ERR_CONFIG_READ. */
export async function filesOfFolder(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /\.(json|jsonc|yaml|yml|toml)$/i.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    throw unreadable(folder, error);
  }
}

async function readText(name: string, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > maxConfigBytes) throw tooLarge(name);
      parts.push(chunk);
    }
  } catch (error) {
    throw error instanceof TsrayError ? error : unreadable(name, error);
  }
  return decode(name, Buffer.concat(parts));
}

/** Control characters that no text has near its beginning; protobuf has some in its first bytes. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 1024).some((byte) => byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b);
}

const protobufHint = 'Protobuf (-format pb) is not read: give the JSON, YAML or TOML that it was made from.';

function decode(name: string, bytes: Uint8Array): string {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (!wide && isBinary(bytes)) {
    throw new TsrayError('ERR_CONFIG_READ', `${name}: expected text, found binary data`, {
      hint: protobufHint,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const found = wide ? 'UTF-16' : 'other bytes';
    const message = `${name}: expected UTF-8 text, found ${found}`;
    throw new TsrayError('ERR_CONFIG_READ', message, { hint: 'Save the file as UTF-8.', cause });
  }
}

function tooLarge(name: string): TsrayError {
  return new TsrayError('ERR_CONFIG_READ', `${name}: larger than ${maxConfigBytes / 1024 / 1024} MiB`);
}

const readHints: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path; it is taken from the current folder.',
  EACCES: 'The user running tsray may not read it.',
  EISDIR: 'Name the file in it, or use --confdir.',
  ENOTDIR: 'Name it with -c.',
};

function unreadable(name: string, cause: unknown): TsrayError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'it is a file, not a folder',
  };
  const reason = reasons[code];
  const text = reason ?? (cause instanceof Error ? cause.message : String(cause));
  const hint = readHints[code];
  const message = `${name}: cannot be read: ${text}`;
  return new TsrayError('ERR_CONFIG_READ', message, hint === undefined ? { cause } : { hint, cause });
}
