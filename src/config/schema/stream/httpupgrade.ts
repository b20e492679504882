/** `httpupgradeSettings` */
import * as v from 'valibot';
import type { HttpUpgradeSettings } from '../../../transport/httpupgrade/settings.js';
import { section } from '../section.js';
import { flag, text, whole } from '../types.js';
import { examineHeaders, hostText, plainHeaders, sentHeaders } from './headers.js';
import { splitEarlyData } from './path.js';
import { maxEarlyDataBytes } from './ws.js';

export const httpUpgradeSchema = v.object(
  {
    path: v.optional(text, ''),
    host: v.optional(hostText, ''),
    headers: v.optional(plainHeaders, {}),
    acceptProxyProtocol: v.optional(flag, false),
    maxEarlyData: v.optional(whole(0, maxEarlyDataBytes), 0),
    earlyDataHeaderName: v.optional(text, ''),
    parseXForwardedFor: v.optional(flag, false),
  },
  'an object',
);

export const httpUpgrade = section(
  httpUpgradeSchema,
  (given): HttpUpgradeSettings => {
    // Xray's `ed` has no effect: every peer's server but tsray's loses what follows the request before its answer.
    const { path } = splitEarlyData(given.path);
    const { headers, host } = sentHeaders(given.host, given.headers);
    return {
      path,
      ...(host === undefined ? {} : { host }),
      // The header is the client's alone: V2Ray's servers take any host, whatever theirs says.
      ...(given.host.trim() === '' || host === undefined ? {} : { requiredHost: host }),
      headers,
      acceptProxyProtocol: given.acceptProxyProtocol,
      earlyDataHeaderName: given.earlyDataHeaderName,
      maxEarlyData: given.maxEarlyData,
      trustForwardedFor: given.parseXForwardedFor,
    };
  },
  examineHeaders,
);
