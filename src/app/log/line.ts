/** Log lines in V2Ray 4.34's form. */
import type { AccessRecord, LogLevel } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';

/** Longer lines are cut: what clients send, such as URLs, is in them. */
const maxLineLength = 4096;

const levelNames: Record<LogLevel, string> = {
  debug: 'Debug',
  info: 'Info',
  warning: 'Warning',
  error: 'Error',
};

/** `FROM STATUS TO[ [DETOUR]][ REASON][ email: EMAIL]`, without the time. */
export function accessText(record: AccessRecord): string {
  const { detour, email, from, reason, status, to } = record;
  let text = `${from} ${status} ${to}`;
  if (detour !== undefined && detour !== '') text += ` [${detour}]`;
  if (reason !== undefined && reason !== '') text += ` ${reason}`;
  if (email !== undefined && email !== '') text += ` email: ${email}`;
  return text;
}

/** `[Level] [session] area: text`, without the time. */
export function errorText(
  level: LogLevel,
  session: number | undefined,
  area: string | undefined,
  text: string,
): string {
  const id = session === undefined ? '' : `[${session}] `;
  return `[${levelNames[level]}] ${id}${area === undefined ? '' : `${area}: `}${text}`;
}

/** 32 hex digits, bare or grouped as a UUID. */
const uuidLike =
  /(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])/gi;

/** What would end a line or steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * Makes `text` fit for one line: nothing that looks like a user's ID, no control characters (a client chooses the
 * names it asks for), bounded.
 */
export function sanitize(text: string): string {
  const bounded = text.length > maxLineLength ? `${text.slice(0, maxLineLength)}…` : text;
  return bounded
    .replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(uuidLike, '(id left out)');
}

/** `YYYY/MM/DD HH:MM:SS` in local time; made once a second. */
export class Timestamps {
  readonly #clock: Clock;
  #second = Number.NaN;
  #text = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): string {
    const second = Math.floor(this.#clock.nowMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = format(new Date(second * 1000));
    }
    return this.#text;
  }
}

function format(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
