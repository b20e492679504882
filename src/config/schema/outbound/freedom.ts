/** `settings` of the freedom outbound. */
import * as v from 'valibot';
import type { FreedomSettings } from '../../../proxy/freedom/settings.js';
import { deprecations } from '../../deprecation.js';
import { parseRedirect } from '../../values/address.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { checkedText, deprecated, flag, level, seconds, words } from '../types.js';
import { buildFinalRules, finalRules } from './final-rules.js';

const domainStrategy = words(['AsIs', 'UseIP', 'UseIPv4', 'UseIPv6', 'ForceIPv4', 'ForceIPv6'], {
  aliases: {
    use_ip: 'UseIP',
    UseIP4: 'UseIPv4',
    use_ip4: 'UseIPv4',
    use_ipv4: 'UseIPv4',
    use_ip_v4: 'UseIPv4',
    UseIP6: 'UseIPv6',
    use_ip6: 'UseIPv6',
    use_ipv6: 'UseIPv6',
    use_ip_v6: 'UseIPv6',
    // Xray's. A name without an address of the family is tried with the other one anyway.
    UseIPv4v6: 'UseIPv4',
    UseIPv6v4: 'UseIPv6',
    ForceIP: 'UseIP',
    ForceIPv4v6: 'UseIPv4',
    ForceIPv6v4: 'UseIPv6',
  },
});

const redirectText = checkedText('host:port', (given) => given === '' || parseRedirect(given) !== undefined, {
  advise: () =>
    'Leave the host out (":443") to change only the port; port 0 ("example.com:0") keeps the port.',
});

export const freedomSchema = v.object(
  {
    domainStrategy: v.optional(domainStrategy, 'AsIs'),
    redirect: v.optional(redirectText, ''),
    userLevel: v.optional(level, 0),
    blockPrivate: v.optional(flag, false),
    finalRules: v.optional(finalRules),
    ...foreign('freedom'),
    timeout: deprecated(seconds, deprecations.timeoutWithoutEffect),
  },
  'an object',
);

export const freedom = section(freedomSchema, (value): FreedomSettings => {
  const rules = value.finalRules === undefined ? undefined : buildFinalRules(value.finalRules);
  const redirect = parseRedirect(value.redirect) ?? {};
  return {
    domainStrategy: value.domainStrategy,
    ...(Object.keys(redirect).length === 0 ? {} : { redirect }),
    userLevel: value.userLevel,
    blockPrivate: value.blockPrivate,
    ...(rules === undefined ? {} : { finalRules: rules }),
  };
});
