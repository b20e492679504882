/** RoutingService of V2Ray, v2ray 5 and Xray: what rules say, and which way balancers are held to. */
import type { RouteQuery } from '../../contract/route-query.js';
import { type Address, ipv4FromBytes, ipv6FromBytes, parseAddress } from '../../core/net/address.js';
import type { Balancer } from '../router/balancer/balancer.js';
import type { RuleRouter } from '../router/router.js';
import { pairMessage, pairs } from './config-json.js';
import { encodeMessage, type Message, type MessageType } from './message.js';
import { CallError, type ServiceMethods, statusCodes } from './service.js';

const routingContext: MessageType = {
  inboundTag: { number: 1, type: 'string' },
  network: { number: 2, type: 'number' },
  sourceIps: { number: 3, type: 'bytes', repeated: true },
  targetIps: { number: 4, type: 'bytes', repeated: true },
  sourcePort: { number: 5, type: 'number' },
  targetPort: { number: 6, type: 'number' },
  targetDomain: { number: 7, type: 'string' },
  protocol: { number: 8, type: 'string' },
  user: { number: 9, type: 'string' },
  attributes: { number: 10, type: pairMessage, repeated: true },
  outboundTag: { number: 12, type: 'string' },
};
const testRequest: MessageType = {
  context: { number: 1, type: routingContext },
  selectors: { number: 2, type: 'string', repeated: true },
};
const tags: MessageType = { tag: { number: 1, type: 'string', repeated: true } };
const balancerAnswer: MessageType = {
  balancer: {
    number: 1,
    type: {
      override: { number: 5, type: { target: { number: 2, type: 'string' } } },
      principle: { number: 6, type: tags },
    },
  },
};
const ruleList: MessageType = {
  rules: {
    number: 1,
    type: { tag: { number: 1, type: 'string' }, ruleTag: { number: 2, type: 'string' } },
    repeated: true,
  },
};
const udpNumber = 3;
/** As V2Ray, where there is no rule and where there is no outbound of the tag that one names. */
const undecided = 'not enough information for making a decision';

export interface RoutingSource {
  /** The one that decides now. */
  readonly router: RuleRouter;
}

export function routingMethods(source: RoutingSource): ServiceMethods {
  const balancerOf = (tag: string, path: string): Balancer => {
    const found = source.router.balancer(tag);
    if (found === undefined)
      throw new CallError(statusCodes.unknown, `${areaOf(path)}app/router: cannot find tag`);
    return found;
  };
  return {
    TestRoute: {
      request: testRequest,
      async answer(request, path) {
        const { context, selectors } = request as { context?: Message; selectors: readonly string[] };
        if (context === undefined) {
          throw new CallError(
            statusCodes.unknown,
            `${areaOf(path)}app/router/command: Invalid routing request.`,
          );
        }
        const { choice } = await source.router.explain(queryOf(context), {
          rule() {},
          fault() {},
          lookup() {},
        });
        if (choice.outboundTag === undefined) {
          throw new CallError(
            statusCodes.unknown,
            `${path.startsWith('/xray.') ? 'common: ' : ''}${undecided}`,
          );
        }
        const all: Message = { ...context, outboundTag: choice.outboundTag };
        return [encodeMessage(routingContext, selected(all, selectors))];
      },
    },
    /** The Go programs, too, have nothing to subscribe to. */
    SubscribeRoutingStats: {
      request: {},
      answer() {
        throw new CallError(statusCodes.unknown, 'Routing statistics not enabled.');
      },
    },
    GetBalancerInfo: {
      request: { tag: { number: 1, type: 'string' } },
      answer({ tag }, path) {
        const balancer = balancerOf(tag as string, path);
        const { override } = balancer;
        const told: Message = {
          ...(override === undefined ? {} : { override: { target: override } }),
          principle: { tag: balancer.candidates() },
        };
        return [encodeMessage(balancerAnswer, { balancer: told })];
      },
    },
    OverrideBalancerTarget: {
      request: { balancerTag: { number: 1, type: 'string' }, target: { number: 2, type: 'string' } },
      answer({ balancerTag, target }, path) {
        balancerOf(balancerTag as string, path).override = target === '' ? undefined : (target as string);
        return [];
      },
    },
    ListRule: {
      request: {},
      answer() {
        const rules = source.router.rules.map(({ name, target }) => ({ tag: target.tag, ruleTag: name }));
        return [encodeMessage(ruleList, { rules })];
      },
    },
  };
}

function areaOf(path: string): string {
  return path.startsWith('/xray.') ? '' : 'v2ray.com/core/';
}

/** Names of fields, of which an empty list means all. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  inbound: ['inboundTag'],
  network: ['network'],
  ip: ['sourceIps', 'targetIps'],
  ip_source: ['sourceIps'],
  ip_target: ['targetIps'],
  port: ['sourcePort', 'targetPort'],
  port_source: ['sourcePort'],
  port_target: ['targetPort'],
  domain: ['targetDomain'],
  protocol: ['protocol'],
  user: ['user'],
  attributes: ['attributes'],
  outbound: ['outboundTag'],
};

function selected(all: Message, selectors: readonly string[]): Message {
  if (selectors.length === 0) return all;
  const names = new Set(
    selectors.flatMap((each) => (Object.hasOwn(selectable, each) ? selectable[each]! : [])),
  );
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
}

/** Throws a CallError for what is no address. */
function queryOf(context: Message): RouteQuery {
  const given = context as {
    readonly inboundTag: string;
    readonly network: number;
    readonly sourceIps: readonly Uint8Array[];
    readonly targetIps: readonly Uint8Array[];
    readonly sourcePort: number;
    readonly targetPort: number;
    readonly targetDomain: string;
    readonly protocol: string;
    readonly user: string;
  };
  const network = given.network === udpNumber ? 'udp' : 'tcp';
  const [target] = given.targetIps;
  const attributes = new Map(Object.entries(pairs(context['attributes'])));
  const isSniffed = given.protocol !== '' || attributes.size > 0;
  return {
    inboundTag: given.inboundTag,
    source: { network, address: addressOf(given.sourceIps[0]), port: given.sourcePort },
    destination: {
      network,
      address: given.targetDomain === '' ? addressOf(target) : parseAddress(given.targetDomain),
      port: given.targetPort,
    },
    ...(given.user === '' ? {} : { user: { email: given.user, level: 0 } }),
    ...(isSniffed
      ? { sniffed: { protocol: given.protocol, ...(attributes.size === 0 ? {} : { attributes }) } }
      : {}),
  };
}

function addressOf(bytes: Uint8Array | undefined): Address {
  if (bytes === undefined) return parseAddress('0.0.0.0');
  if (bytes.length === 4) return ipv4FromBytes(bytes);
  if (bytes.length === 16) return ipv6FromBytes(bytes);
  throw new CallError(statusCodes.invalidArgument, `an IP address of ${bytes.length} bytes`);
}
