/** `wsSettings` */
import * as v from 'valibot';
import type { WsSettings } from '../../../transport/ws/settings.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { flag, seconds, text, whole } from '../types.js';
import { examineHeaders, hostText, plainHeaders, sentHeaders } from './headers.js';
import { splitEarlyData } from './path.js';

/** A request line and its headers have to fit into what servers take; no peer sends more. */
export const maxEarlyDataBytes = 65_536;

/** Where Xray puts early data. */
const xrayHeaderName = 'Sec-WebSocket-Protocol';

export const wsSchema = v.object(
  {
    path: v.optional(text, ''),
    headers: v.optional(plainHeaders, {}),
    host: v.optional(hostText, ''),
    acceptProxyProtocol: v.optional(flag, false),
    maxEarlyData: v.optional(whole(0, maxEarlyDataBytes), 0),
    earlyDataHeaderName: v.optional(text, ''),
    parseXForwardedFor: v.optional(flag, false),
    heartbeatPeriod: v.optional(seconds, 0),
    ...foreign('ws'),
  },
  'an object',
);

export const ws = section(
  wsSchema,
  (given): WsSettings => {
    const { path, earlyData } = splitEarlyData(given.path);
    const { headers, host } = sentHeaders(given.host, given.headers);
    return {
      path,
      headers,
      ...(host === undefined ? {} : { host }),
      // The header is the client's alone: V2Ray's servers take any host, whatever theirs says.
      ...(given.host.trim() === '' || host === undefined ? {} : { requiredHost: host }),
      acceptProxyProtocol: given.acceptProxyProtocol,
      ...(earlyData > 0
        ? { maxEarlyData: earlyData, earlyDataHeaderName: xrayHeaderName, earlyDataWhole: true }
        : {
            maxEarlyData: given.maxEarlyData,
            earlyDataHeaderName: given.earlyDataHeaderName,
            earlyDataWhole: false,
          }),
      trustForwardedFor: given.parseXForwardedFor,
      heartbeatSeconds: given.heartbeatPeriod,
    };
  },
  examineHeaders,
);
