/** `settings` of the freedom outbound. */
import * as v from 'valibot';
import type { FreedomSettings } from '../../../proxy/freedom/settings.js';
import { deprecations } from '../../deprecation.js';
import { parseRedirect } from '../../values/address.js';
import { section } from '../section.js';
import { checkedText, deprecated, flag, level, seconds, words } from '../types.js';

const domainStrategy = words(['AsIs', 'UseIP', 'UseIPv4', 'UseIPv6'], {
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
    timeout: deprecated(seconds, deprecations.timeoutWithoutEffect),
  },
  'an object',
);

export const freedom = section(freedomSchema, (value): FreedomSettings => {
  const redirect = parseRedirect(value.redirect) ?? {};
  return {
    domainStrategy: value.domainStrategy,
    ...(Object.keys(redirect).length === 0 ? {} : { redirect }),
    userLevel: value.userLevel,
    blockPrivate: value.blockPrivate,
  };
});
