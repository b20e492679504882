/** `settings` of the blackhole outbound. */
import * as v from 'valibot';
import type { BlackholeSettings } from '../../../proxy/blackhole/settings.js';
import { section } from '../section.js';
import { words } from '../types.js';

export const blackholeSchema = v.object(
  {
    response: v.optional(v.object({ type: v.optional(words(['none', 'http']), 'none') }, 'an object'), {}),
  },
  'an object',
);

export const blackhole = section(
  blackholeSchema,
  (value): BlackholeSettings => ({ response: value.response.type }),
);
