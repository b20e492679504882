/** Short ways to hold a configuration text against expected problems and settings. */
import assert from 'node:assert/strict';
import { type ParsedConfig, type ParseOptions, parseConfig } from '../../src/config/parse-config.js';
import { formatProblem } from '../../src/config/problem.js';
import type { InboundSettings, OutboundSettings, Settings } from '../../src/config/settings.js';

export const userId = 'b831381d-6324-4d53-ad4f-8cda48b30811';
export const userIdBytes = Uint8Array.from(Buffer.from(userId.replaceAll('-', ''), 'hex'));

/** Every problem as one line, errors first. */
export function problemLines(text: string, options?: ParseOptions): string[] {
  const { errors, warnings } = parseConfig(text, options);
  return [...errors, ...warnings].map(formatProblem);
}

/** Settings of a text that must have no problem but `warnings`. */
export function settingsOf(
  config: unknown,
  options?: ParseOptions,
  warnings: readonly string[] = [],
): Settings {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  const parsed: ParsedConfig = parseConfig(text, options);
  assert.deepEqual(parsed.errors.map(formatProblem), []);
  assert.deepEqual(parsed.warnings.map(formatProblem), warnings);
  assert.ok(parsed.settings);
  return parsed.settings;
}

const freedom = { protocol: 'freedom' };

/** The settings of one inbound among valid surroundings. */
export function inboundOf(inbound: unknown, options?: ParseOptions): InboundSettings {
  const [first] = settingsOf({ inbounds: [inbound], outbounds: [freedom] }, options).inbounds;
  assert.ok(first);
  return first;
}

/** The settings of one outbound among valid surroundings. */
export function outboundOf(outbound: unknown, options?: ParseOptions): OutboundSettings {
  const inbound = { protocol: 'socks', port: 1080 };
  const [first] = settingsOf({ inbounds: [inbound], outbounds: [outbound] }, options).outbounds;
  assert.ok(first);
  return first;
}
