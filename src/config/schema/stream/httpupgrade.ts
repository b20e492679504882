/** `httpupgradeSettings` */
import * as v from 'valibot';
import type { HttpUpgradeSettings } from '../../../transport/httpupgrade/settings.js';
import { section } from '../section.js';
import { flag, text, whole } from '../types.js';
import { splitEarlyData, takeHost } from './path.js';
import { maxEarlyDataBytes, plainHeaders } from './ws.js';

export const httpUpgradeSchema = v.object(
  {
    path: v.optional(text, ''),
    host: v.optional(text, ''),
    headers: v.optional(plainHeaders, {}),
    acceptProxyProtocol: v.optional(flag, false),
    maxEarlyData: v.optional(whole(0, maxEarlyDataBytes), 0),
    earlyDataHeaderName: v.optional(text, ''),
    parseXForwardedFor: v.optional(flag, false),
  },
  'an object',
);

export const httpUpgrade = section(httpUpgradeSchema, (given): HttpUpgradeSettings => {
  const { path, earlyData } = splitEarlyData(given.path);
  const { host: hostHeader, others } = takeHost(given.headers);
  const host = given.host === '' ? hostHeader : given.host;
  return {
    path,
    ...(host === undefined ? {} : { host }),
    // The header is the client's alone: V2Ray's servers take any host, whatever theirs says.
    ...(given.host === '' ? {} : { requiredHost: given.host }),
    headers: others,
    acceptProxyProtocol: given.acceptProxyProtocol,
    sendsEarly: earlyData > 0,
    earlyDataHeaderName: given.earlyDataHeaderName,
    maxEarlyData: given.maxEarlyData,
    trustForwardedFor: given.parseXForwardedFor,
  };
});
