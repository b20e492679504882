/** `metrics` (ours, under Xray's name): Prometheus's text and health, over HTTP. */
import * as v from 'valibot';
import type { MetricsSettings } from '../../app/metrics/settings.js';
import { inside } from '../check/place.js';
import { isLoopback, listenExpected, parseListen } from './api.js';
import { section } from './section.js';
import { checkedText, flag, text } from './types.js';

export const metricsSchema = v.object(
  {
    listen: v.optional(
      checkedText(listenExpected, (given) => given === '' || parseListen(given) !== undefined),
      '',
    ),
    token: v.optional(v.pipe(text, v.minLength(1, 'a token that scrapes bring'))),
    users: v.optional(flag, false),
    tag: v.optional(text, ''),
  },
  'an object',
);

export const metrics = section(metricsSchema, (value, place, checker): MetricsSettings | undefined => {
  const listen = parseListen(value.listen);
  if (listen === undefined) {
    checker.warn(
      place,
      'ERR_CONFIG_UNSUPPORTED',
      'metrics are reached by "listen" only, not by rules to a tag',
      'Write "listen": "127.0.0.1:9550".',
    );
    return undefined;
  }
  if (value.token === undefined && 'host' in listen && !isLoopback(listen.host)) {
    const hint = 'Listen on 127.0.0.1 or a Unix socket, or set a "token".';
    checker.warn(
      inside(place, 'listen'),
      'ERR_CONFIG_VALUE',
      'whoever reaches this address can read the metrics',
      hint,
    );
  }
  return { listen, users: value.users, ...(value.token === undefined ? {} : { token: value.token }) };
});
