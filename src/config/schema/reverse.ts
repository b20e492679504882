/** `reverse` */
import * as v from 'valibot';
import type { ReverseSettings } from '../../proxy/reverse/settings.js';
import { section } from './section.js';
import { text } from './types.js';

const name = (what: string) => v.pipe(text, v.minLength(1, what));

const entry = (tag: string) =>
  v.object({ tag: name(tag), domain: name('a domain that bridge and portal agree on') }, 'an object');

export const reverseSchema = v.object(
  {
    bridges: v.optional(v.array(entry('the inbound tag of the bridge'), 'a list'), []),
    portals: v.optional(v.array(entry('the outbound tag of the portal'), 'a list'), []),
  },
  'an object',
);

export const reverse = section(
  reverseSchema,
  ({ bridges, portals }): ReverseSettings => ({ bridges, portals }),
);
