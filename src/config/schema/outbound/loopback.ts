/** `settings` of the loopback outbound. */
import * as v from 'valibot';
import type { LoopbackSettings } from '../../../proxy/loopback/settings.js';
import { section } from '../section.js';
import { text } from '../types.js';

export const loopbackSchema = v.object({ inboundTag: v.optional(text, '') }, 'an object');

export const loopback = section(
  loopbackSchema,
  (value): LoopbackSettings => ({ inboundTag: value.inboundTag }),
);
