/** What a client may be given as its server, and how it becomes an outbound's settings. */
import { parseConfigValue } from '../config/parse-config.js';
import type { ConfigProblem } from '../config/problem.js';
import type { OutboundSettings } from '../config/settings.js';
import { parseShareLink, type ShareLink } from '../config/share-link/share-link.js';
import { TsrayError } from '../core/errors.js';
import { ConfigError, formatWithoutPlace } from './config-error.js';
import type { OutboundObject, StreamObject } from './json-objects.js';
import { checkOptions } from './known-keys.js';

/** A VMess server in short. */
export interface VmessServer {
  /** Name or IP address. */
  readonly host: string;
  /** 1 … 65535 */
  readonly port: number;
  /** The user's UUID. Secret. */
  readonly id: string;
  /** Default `auto`: AES-128-GCM where the processor has AES, else ChaCha20-Poly1305. */
  readonly security?: 'auto' | 'aes-128-gcm' | 'chacha20-poly1305' | 'none' | 'zero' | 'aes-128-cfb';
  /** Above 0 for servers that know legacy headers only. Default 0. */
  readonly alterId?: number;
  /** TLS and transport; default plain TCP. */
  readonly stream?: StreamObject;
}

/**
 * A share link as text or read (by `parseShareLink`, or of a subscription), an entry of V2Ray's `outbounds`, or a VMess
 * server in short.
 */
export type ServerAddress = string | ShareLink | OutboundObject | VmessServer;

/** Told of what is odd about a server and does not keep it from being used. */
type OnWarning = (warning: string) => void;

/** Throws a ConfigError, ERR_LINK for a link that cannot be read, or ERR_USAGE for something else altogether. */
export function readServerAddress(server: ServerAddress, onWarning: OnWarning): OutboundSettings {
  if (typeof server === 'string') return readLink(parseLink(server), onWarning);
  if (typeof server !== 'object' || server === null) {
    throw new TsrayError('ERR_USAGE', 'expected a share link, an outbound object or a VMess server');
  }
  if ('protocol' in server) {
    return read(server as OutboundObject, formatWithoutPlace('outbounds[0]'), onWarning, false);
  }
  if ('outbound' in server) return readLink(server as ShareLink, onWarning);
  checkOptions(server, ['host', 'port', 'id', 'security', 'alterId', 'stream'], 'the VMess server');
  const { host, port, id, security, alterId, stream } = server as VmessServer;
  const user = {
    id,
    ...(security === undefined ? {} : { security }),
    ...(alterId === undefined ? {} : { alterId }),
  };
  const outbound = {
    protocol: 'vmess',
    settings: { vnext: [{ address: host, port, users: [user] }] },
    ...(stream === undefined ? {} : { streamSettings: stream }),
  };
  return read(outbound, formatInShort, onWarning, true);
}

/** Where the short form keeps what stands elsewhere in V2Ray's. */
const inShort: readonly (readonly [prefix: string, name: string])[] = [
  ['outbounds[0].settings.vnext[0].address', 'host'],
  ['outbounds[0].settings.vnext[0].users[0].', ''],
  ['outbounds[0].settings.vnext[0].', ''],
  ['outbounds[0].streamSettings', 'stream'],
];

function formatInShort(problem: ConfigProblem): string {
  const [prefix, name] = inShort.find(([start]) => problem.path.startsWith(start)) ?? ['', ''];
  return formatWithoutPlace('')({ ...problem, path: `${name}${problem.path.slice(prefix.length)}` });
}

function readLink({ outbound, warnings }: ShareLink, onWarning: OnWarning): OutboundSettings {
  for (const warning of warnings) onWarning(warning);
  return read(outbound, formatWithoutPlace('outbounds[0]'), onWarning, false);
}

function read(
  outbound: OutboundObject,
  format: (problem: ConfigProblem) => string,
  onWarning: OnWarning,
  strict: boolean,
): OutboundSettings {
  const value = { outbounds: [outbound] };
  const options = { fileName: 'outbound', partial: true, strict };
  const { settings, errors, warnings } = parseConfigValue(value, options);
  for (const warning of warnings) onWarning(format(warning));
  const [first] = settings?.outbounds ?? [];
  if (first === undefined) throw new ConfigError(errors, format);
  return first;
}

function parseLink(text: string): ShareLink {
  if (/^https?:\/\//i.test(text)) {
    throw new TsrayError('ERR_LINK', 'expected a vmess:// link, found the address of a web page', {
      hint: 'If it is a subscription: `(await fetchSubscription(url)).entries` has its servers.',
    });
  }
  return parseShareLink(text);
}
