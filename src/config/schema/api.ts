/** `api` */
import { isIP } from 'node:net';
import * as v from 'valibot';
import type { ApiSettings } from '../../app/api/settings.js';
import { inside } from '../check/place.js';
import { section } from './section.js';
import { checkedText, text } from './types.js';

export const listenExpected =
  'an IP address with a port, such as "127.0.0.1:10085", or the path of a Unix socket';

/** Services of V2Ray, v2ray 5 and Xray that are not there. */
const missingServices = new Set(['reflectionservice']);

export const apiSchema = v.object(
  {
    tag: v.optional(text, ''),
    services: v.optional(v.array(text, 'a list'), []),
    listen: v.optional(
      checkedText(listenExpected, (given) => given === '' || parseListen(given) !== undefined),
      '',
    ),
    token: v.optional(v.pipe(text, v.minLength(1, 'a token that callers bring'))),
  },
  'an object',
);

export const api = section(apiSchema, (value, place, checker): ApiSettings | undefined => {
  // An empty form asks for nothing.
  if (value.tag === '' && value.services.length === 0 && value.listen === '') return undefined;
  if (value.tag === '') {
    checker.error(
      inside(place, 'tag'),
      'ERR_CONFIG_MISSING',
      'expected the tag of the API',
      'Write "tag": "api".',
    );
    return undefined;
  }
  value.services.forEach((name, index) => {
    if (!missingServices.has(name.toLowerCase())) return;
    checker.warn(
      inside(place, 'services', index),
      'ERR_CONFIG_UNSUPPORTED',
      `${name} is not supported by tsray yet: its callers are told that it is unknown`,
    );
  });
  const listen = parseListen(value.listen);
  if (value.token !== undefined && (listen === undefined || 'path' in listen)) {
    checker.error(
      inside(place, 'token'),
      'ERR_CONFIG_CONFLICT',
      'a token holds for "listen" with an IP address only',
      'Write "listen": "127.0.0.1:10085".',
    );
    return undefined;
  }
  if (value.token === undefined && listen !== undefined && 'host' in listen && !isLoopback(listen.host)) {
    checker.warn(
      inside(place, 'listen'),
      'ERR_CONFIG_VALUE',
      'whoever reaches this address can read and reset counters, and change users',
      'Listen on 127.0.0.1 or a Unix socket, or set a "token".',
    );
  }
  return {
    tag: value.tag,
    services: value.services.map((name) => name.toLowerCase()),
    ...(listen === undefined ? {} : { listen }),
    ...(value.token === undefined ? {} : { token: value.token }),
  };
});

/** Undefined for what is neither `IP:port` nor a path. */
export function parseListen(given: string): ApiSettings['listen'] | undefined {
  if (given.startsWith('/')) return { path: given };
  const colon = given.lastIndexOf(':');
  const host = given.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1');
  const digits = given.slice(colon + 1);
  if (isIP(host) === 0 || !/^\d{1,5}$/.test(digits) || Number(digits) > 65535) return undefined;
  return { host, port: Number(digits) };
}

export function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}
