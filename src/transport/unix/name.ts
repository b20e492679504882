/** Names of Unix sockets: paths, and Linux's abstract names, which begin with a zero byte. */
import { TsrayError } from '../../core/errors.js';
import { withoutEnd } from '../../core/text/trim.js';
import type { UnixSettings } from './settings.js';

/** `sun_path` of Linux's `sockaddr_un`. */
const nameBytes = 108;

/** Node.js 20 fills every abstract name with zero bytes, which makes it another name. */
const exactNames = Number.parseInt(process.versions.node, 10) >= 22;

/** The name as Node's `path` takes it. Throws ERR_CONFIG_… for a name that cannot be used. */
export function unixName(settings: UnixSettings): string {
  const { abstract, padding, path } = settings;
  // Node.js would cut it, and use another name.
  if (Buffer.byteLength(path) >= nameBytes) {
    throw new TsrayError('ERR_CONFIG_VALUE', `names of Unix sockets have at most ${nameBytes - 1} bytes`);
  }
  if (!abstract) return path;
  if (!padding && !exactNames) {
    throw new TsrayError('ERR_CONFIG_UNSUPPORTED', 'abstract names without padding need Node.js 22', {
      hint: 'Set "padding": true on both sides (in "listen", "@@name" instead of "@name").',
    });
  }
  const name = path.startsWith('\0') || path.startsWith('@') ? `\0${path.slice(1)}` : `\0${path}`;
  return padding ? name.padEnd(nameBytes, '\0') : name;
}

/**
 * Owner: all, others: what lets them see it. Only the owner can connect, since that takes write permission. What V2Ray
 * leaves under the usual umask.
 */
export const defaultUnixMode = 0o755;

/** A path with Xray's suffix for permissions, such as `/run/v.sock,0666`. Other commas belong to the path. */
export function splitUnixMode(text: string): { readonly path: string; readonly mode?: number } {
  const [, path, digits] = /^(.+),([0-9]+)$/s.exec(text) ?? [];
  if (path === undefined || digits === undefined) return { path: text };
  if (!isUnixMode(digits)) {
    throw new TsrayError('ERR_CONFIG_VALUE', `${digits} are no permissions of a Unix socket`, {
      hint: 'Three octal digits, such as 0666 or 660.',
    });
  }
  return { path, mode: Number.parseInt(digits, 8) };
}

function isUnixMode(digits: string): boolean {
  return /^0?[0-7]{3}$/.test(digits);
}

/**
 * `listen` of an inbound as settings: `/path`, `/path,0666`, `@name`, or `@@name` (padded). Undefined for anything else.
 * Throws ERR_CONFIG_VALUE for permissions that are none.
 */
export function unixListenSettings(host: string): UnixSettings | undefined {
  if (host.startsWith('/')) return { ...splitUnixMode(host), abstract: false, padding: false };
  if (host.startsWith('@@')) return { path: host.slice(2), abstract: true, padding: true };
  if (host.startsWith('@')) return { path: host.slice(1), abstract: true, padding: false };
  return undefined;
}

/** For messages. */
export function printableName(name: string): string {
  return name.startsWith('\0') ? `@${withoutEnd(name.slice(1), '\0')}` : name;
}
