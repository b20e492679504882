/** `grpcSettings`; `gunSettings` is another name for it. */
import * as v from 'valibot';
import type { GrpcSettings } from '../../../transport/grpc/settings.js';
import { cleanHost, headerBytes } from '../../values/http-header.js';
import { section } from '../section.js';
import { flag, seconds, text, whole } from '../types.js';
import { hostText, lineText } from './headers.js';

/** RFC 9113: the largest flow-control window. */
const maxWindowBytes = 0x7fff_ffff;

export const grpcSchema = v.object(
  {
    serviceName: v.optional(text, ''),
    multiMode: v.optional(flag, false),
    idle_timeout: v.optional(seconds, 0),
    health_check_timeout: v.optional(seconds, 0),
    permit_without_stream: v.optional(flag, false),
    initial_windows_size: v.optional(whole(0, maxWindowBytes), 0),
    authority: v.optional(hostText, ''),
    user_agent: v.optional(lineText, ''),
    parseXForwardedFor: v.optional(flag, false),
  },
  'an object',
);

export const grpc = section(grpcSchema, (given): GrpcSettings => {
  const authority = cleanHost(given.authority);
  return {
    serviceName: given.serviceName,
    multiMode: given.multiMode,
    idleTimeoutSeconds: given.idle_timeout,
    healthCheckTimeoutSeconds: given.health_check_timeout,
    permitWithoutStream: given.permit_without_stream,
    initialWindowsSize: given.initial_windows_size,
    ...(authority === undefined ? {} : { authority }),
    ...(given.user_agent === '' ? {} : { userAgent: headerBytes(given.user_agent) }),
    trustForwardedFor: given.parseXForwardedFor,
  };
});
