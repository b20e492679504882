/** `dsSettings`: domain sockets. */
import * as v from 'valibot';
import { splitUnixMode } from '../../../transport/unix/name.js';
import type { UnixSettings } from '../../../transport/unix/settings.js';
import { noted } from '../../check/notes.js';
import { section } from '../section.js';
import { flag } from '../types.js';
import { hasNoBadMode } from './unix-mode.js';

const pathExpected = 'the path of a Unix socket';
const modeExpected = 'permissions of three octal digits behind the comma, such as "/run/v.sock,0666"';

export const unixSchema = v.object(
  {
    path: noted(
      v.pipe(v.string(pathExpected), v.minLength(1, pathExpected), v.check(hasNoBadMode, modeExpected)),
      {
        missingHint: 'For example "path": "/run/v2ray.sock".',
      },
    ),
    abstract: v.optional(flag, false),
    padding: v.optional(flag, false),
  },
  'an object',
);

export const unix = section(
  unixSchema,
  (given): UnixSettings => (given.abstract ? given : { ...given, ...splitUnixMode(given.path) }),
);
