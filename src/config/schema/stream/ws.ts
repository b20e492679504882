/** `wsSettings` */
import * as v from 'valibot';
import type { WsSettings } from '../../../transport/ws/settings.js';
import { section } from '../section.js';
import { flag, seconds, text, unsupported, whole } from '../types.js';
import { splitEarlyData, takeHost } from './path.js';

/** A request line and its headers have to fit into what servers take; no peer sends more. */
export const maxEarlyDataBytes = 65_536;

const headersExpected = 'an object of header names and values';

export const plainHeaders = v.record(v.string(headersExpected), text, headersExpected);

/** Where Xray puts early data. */
const xrayHeaderName = 'Sec-WebSocket-Protocol';

export const wsSchema = v.object(
  {
    path: v.optional(text, ''),
    headers: v.optional(plainHeaders, {}),
    host: v.optional(text, ''),
    acceptProxyProtocol: v.optional(flag, false),
    maxEarlyData: v.optional(whole(0, maxEarlyDataBytes), 0),
    earlyDataHeaderName: v.optional(text, ''),
    parseXForwardedFor: v.optional(flag, false),
    heartbeatPeriod: v.optional(seconds, 0),
    useBrowserForwarding: unsupported('useBrowserForwarding is not supported by tsray', { essential: true }),
  },
  'an object',
);

export const ws = section(wsSchema, (given): WsSettings => {
  const { path, earlyData } = splitEarlyData(given.path);
  const { host: hostHeader, others } = takeHost(given.headers);
  const host = given.host === '' ? hostHeader : given.host;
  return {
    path,
    headers: others,
    ...(host === undefined ? {} : { host }),
    // The header is the client's alone: V2Ray's servers take any host, whatever theirs says.
    ...(given.host === '' ? {} : { requiredHost: given.host }),
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
});
