/** One entry of `routing.rules`, as users write it. */
import * as v from 'valibot';
import { parsePortList } from '../../values/port-list.js';
import { checkedText, ignored, stringList, text, unsupported, whole, words } from '../types.js';

const portsExpected = 'a port, a range, or several with commas, such as "53,443,1000-2000"';

export const portList = v.union(
  [whole(0, 65535, portsExpected), checkedText(portsExpected, (given) => parsePortList(given) !== undefined)],
  portsExpected,
);

const xrayOnly = (key: string) =>
  unsupported(`${key}, a condition of Xray's, is not supported by tsray`, { essential: true });

export const ruleSchema = v.object(
  {
    // The last two are V2Ray 3's, with no condition of their own.
    type: v.optional(words(['field', 'chinasites', 'chinaip']), 'field'),
    domain: v.optional(stringList),
    domains: v.optional(stringList),
    ip: v.optional(stringList),
    port: v.optional(portList),
    network: v.optional(stringList),
    source: v.optional(stringList),
    sourceIP: v.optional(stringList),
    sourcePort: v.optional(portList),
    user: v.optional(stringList),
    inboundTag: v.optional(stringList),
    protocol: v.optional(stringList),
    attrs: v.optional(
      v.union(
        [v.string('an expression, or an object of regular expressions'), v.record(text, text, 'an object')],
        'an expression, or an object of regular expressions',
      ),
    ),
    outboundTag: v.optional(text, ''),
    balancerTag: v.optional(text, ''),
    ruleTag: v.optional(text, ''),
    domainMatcher: ignored,
    localIP: xrayOnly('localIP'),
    localPort: xrayOnly('localPort'),
    localOS: xrayOnly('localOS'),
    vlessRoute: xrayOnly('vlessRoute'),
    process: xrayOnly('process'),
    webhook: unsupported('webhook of a rule is not supported by tsray'),
  },
  'an object',
);

export type RuleInput = v.InferOutput<typeof ruleSchema>;
