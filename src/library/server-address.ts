/** What a client may be given as its server, and how it becomes an outbound's settings. */
import { parseConfig } from '../config/parse-config.js';
import type { OutboundSettings } from '../config/settings.js';
import { parseShareLink, type ShareLink } from '../config/share-link/share-link.js';
import { TsrayError } from '../core/errors.js';
import { ConfigError, formatWithoutPlace } from './config-error.js';
import type { OutboundObject, StreamObject } from './json-objects.js';

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

/** Throws a ConfigError, ERR_LINK for a link that cannot be read, or ERR_USAGE for something else altogether. */
export function readServerAddress(server: ServerAddress): OutboundSettings {
  if (typeof server === 'string') return readOutboundObject(parseLink(server).outbound);
  if (typeof server !== 'object' || server === null) {
    throw new TsrayError('ERR_USAGE', 'expected a share link, an outbound object or a VMess server');
  }
  if ('protocol' in server) return readOutboundObject(server as OutboundObject);
  if ('outbound' in server) return readOutboundObject(server.outbound);
  const { host, port, id, security, alterId, stream } = server as VmessServer;
  const user = {
    id,
    ...(security === undefined ? {} : { security }),
    ...(alterId === undefined ? {} : { alterId }),
  };
  return readOutboundObject({
    protocol: 'vmess',
    settings: { vnext: [{ address: host, port, users: [user] }] },
    ...(stream === undefined ? {} : { streamSettings: stream }),
  });
}

function parseLink(text: string): ShareLink {
  if (/^https?:\/\//i.test(text)) {
    throw new TsrayError('ERR_LINK', 'expected a vmess:// link, found the address of a web page', {
      hint: 'If it is a subscription: `(await fetchSubscription(url)).entries` has its servers.',
    });
  }
  return parseShareLink(text);
}

export function readOutboundObject(outbound: OutboundObject): OutboundSettings {
  const text = JSON.stringify({ outbounds: [outbound] });
  const { settings, errors } = parseConfig(text, { fileName: 'outbound' });
  const [first] = settings?.outbounds ?? [];
  if (first === undefined) throw new ConfigError(errors, formatWithoutPlace('outbounds[0]'));
  return first;
}
