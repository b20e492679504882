/** `dsSettings`: domain sockets. */
import * as v from 'valibot';
import type { UnixSettings } from '../../../transport/unix/settings.js';
import { noted } from '../../check/notes.js';
import { section } from '../section.js';
import { flag } from '../types.js';

const pathExpected = 'the path of a Unix socket';

export const unixSchema = v.object(
  {
    path: noted(v.pipe(v.string(pathExpected), v.minLength(1, pathExpected)), {
      missingHint: 'For example "path": "/run/v2ray.sock".',
    }),
    abstract: v.optional(flag, false),
    padding: v.optional(flag, false),
  },
  'an object',
);

export const unix = section(unixSchema, (given): UnixSettings => given);
