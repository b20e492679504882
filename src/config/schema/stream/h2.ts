/** `httpSettings`: HTTP/2. */
import * as v from 'valibot';
import type { H2Settings } from '../../../transport/h2/settings.js';
import { requestTarget } from '../../../transport/http1/upgrade-request.js';
import { cleanHost, headerBytes } from '../../values/http-header.js';
import { section } from '../section.js';
import { checkedText, flag, itemsOf, seconds, text } from '../types.js';
import { hostText, methodText } from './headers.js';
import { rooted } from './path.js';
import { headerValues } from './tcp.js';

const hostsExpected = 'names of hosts, a list or one string with commas';
const hostList = v.union(
  [
    v.array(hostText, hostsExpected),
    checkedText(hostsExpected, (list) => itemsOf(list).every((host) => cleanHost(host) !== undefined)),
  ],
  hostsExpected,
);

export const h2Schema = v.object(
  {
    host: v.optional(hostList),
    path: v.optional(text, '/'),
    method: v.optional(methodText, 'PUT'),
    headers: v.optional(headerValues, {}),
    read_idle_timeout: v.optional(seconds, 0),
    health_check_timeout: v.optional(seconds, 0),
    parseXForwardedFor: v.optional(flag, false),
  },
  'an object',
);

/** How long to wait for a ping's answer where the configuration does not say: Go's value. */
const defaultHealthCheckSeconds = 15;

export const h2 = section(h2Schema, (given): H2Settings => {
  const headers = Object.entries(given.headers).map(
    ([name, value]) => [name, [value].flat().map(headerBytes)] as const,
  );
  return {
    hosts: itemsOf(given.host).flatMap((host) => cleanHost(host) ?? []),
    path: requestTarget(rooted(given.path)),
    method: given.method === '' ? 'PUT' : given.method,
    headers: Object.fromEntries(headers),
    readIdleTimeoutSeconds: given.read_idle_timeout,
    healthCheckTimeoutSeconds:
      given.health_check_timeout === 0 ? defaultHealthCheckSeconds : given.health_check_timeout,
    trustForwardedFor: given.parseXForwardedFor,
  };
});

/** V2Ray's clients name this host if the configuration names none; its servers then answer to any, as v2ray 5 does. */
export function h2ForClient(settings: H2Settings): H2Settings {
  return settings.hosts.length > 0 ? settings : { ...settings, hosts: ['www.example.com'] };
}
