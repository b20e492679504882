/** `settings` of the http inbound. */
import * as v from 'valibot';
import type { HttpInboundSettings } from '../../../proxy/http/settings.js';
import { deprecations } from '../../deprecation.js';
import { section } from '../section.js';
import { timeoutOf } from '../timeout.js';
import { deprecated, flag, level, seconds } from '../types.js';
import { accounts, buildAccounts, examineAccounts } from '../users.js';

export const httpInboundSchema = v.object(
  {
    accounts,
    allowTransparent: v.optional(flag, false),
    userLevel: v.optional(level, 0),
    timeout: deprecated(seconds, deprecations.timeout),
  },
  'an object',
);

export const httpInbound = section(
  httpInboundSchema,
  (value): HttpInboundSettings => ({
    accounts: buildAccounts(value.accounts),
    allowTransparent: value.allowTransparent,
    userLevel: value.userLevel,
    ...timeoutOf(value),
  }),
  examineAccounts,
);
