/** InboundHandlerConfig of V2Ray and Xray, read into an entry of `inbounds`. Pure. */
import {
  addressMessage,
  addressText,
  given,
  type Json,
  list,
  pairMessage,
  pairs,
  type Reader,
  type Readers,
  readWith,
  typedIn,
  unless,
  word,
  wrapped,
} from './config-json.js';
import { HandlerFault } from './handler-fault.js';
import type { Message, MessageType, Value } from './message.js';
import { userMessage } from './proxy-messages.js';
import { streamJson, streamMessage } from './stream-json.js';
import { typedMessage } from './typed.js';
import { userJson } from './user-json.js';

const range: MessageType = { from: { number: 1, type: 'number' }, to: { number: 2, type: 'number' } };
const sniffing: MessageType = {
  enabled: { number: 1, type: 'bool' },
  destOverride: { number: 2, type: 'string', repeated: true },
};

const receiver: Reader = {
  type: {
    ports: { number: 1, type: range },
    listen: { number: 2, type: addressMessage },
    allocation: {
      number: 3,
      type: {
        type: { number: 1, type: 'number' },
        concurrency: { number: 2, type: wrapped },
        refresh: { number: 3, type: wrapped },
      },
    },
    stream: { number: 4, type: streamMessage },
    original: { number: 5, type: 'bool' },
    sniffing: { number: 8, type: { ...sniffing, metadataOnly: { number: 3, type: 'bool' } } },
  },
  json: ({ allocation, listen, original, ports, sniffing: sniffed, stream }) =>
    given({
      port: ports === undefined ? undefined : rangeText(ports),
      listen: addressText(listen),
      allocate: allocationJson(allocation),
      streamSettings: redirected(streamJson(stream), original),
      sniffing: sniffingJson(sniffed),
    }),
};

const xrayReceiver: Reader = {
  type: {
    ports: { number: 1, type: { range: { number: 1, type: range, repeated: true } } },
    listen: { number: 2, type: addressMessage },
    stream: { number: 3, type: streamMessage },
    original: { number: 4, type: 'bool' },
    sniffing: {
      number: 6,
      type: {
        ...sniffing,
        domainsExcluded: { number: 3, type: 'string', repeated: true },
        metadataOnly: { number: 4, type: 'bool' },
        routeOnly: { number: 5, type: 'bool' },
      },
    },
  },
  json: ({ listen, original, ports, sniffing: sniffed, stream }) =>
    given({
      port:
        ports === undefined
          ? undefined
          : ((ports as Message)['range'] as readonly Message[]).map(rangeText).join(','),
      listen: addressText(listen),
      streamSettings: redirected(streamJson(stream), original),
      sniffing: sniffingJson(sniffed),
    }),
};

const accounts: MessageType = pairMessage;
const networks = [undefined, 'tcp', 'tcp', 'udp'];

function accountsJson(value: Value | undefined): Json[] | undefined {
  const all = Object.entries(pairs(value));
  return all.length === 0 ? undefined : all.map(([user, pass]) => ({ user, pass }));
}

function networkList(...lists: readonly (Value | undefined)[]): string | undefined {
  const words = lists.flatMap((each) => (each as readonly Value[] | undefined) ?? []);
  const names = new Set(words.map((number) => word(networks, number, 'the network')));
  return names.size === 0 ? undefined : [...names].join(',');
}

const proxies: Readers = {
  'proxy.vmess.inbound.Config': {
    type: {
      user: { number: 1, type: userMessage, repeated: true },
      default: {
        number: 2,
        type: { alterId: { number: 1, type: 'number' }, level: { number: 2, type: 'number' } },
      },
      detour: { number: 3, type: { to: { number: 1, type: 'string' } } },
      secure: { number: 4, type: 'bool' },
    },
    json: ({ default: common, detour, secure, user }) => ({
      protocol: 'vmess',
      settings: given({
        clients: (user as readonly Message[]).map((each) => userJson(each)),
        default: common,
        detour,
        disableInsecureEncryption: unless(false, secure),
      }),
    }),
  },
  'proxy.socks.ServerConfig': {
    type: {
      auth: { number: 1, type: 'number' },
      accounts: { number: 2, type: accounts, repeated: true },
      address: { number: 3, type: addressMessage },
      udp: { number: 4, type: 'bool' },
      userLevel: { number: 6, type: 'number' },
    },
    json: ({ accounts: pairList, address, auth, udp, userLevel }) => ({
      protocol: 'socks',
      settings: given({
        auth: word(['noauth', 'password'], auth, 'authentication'),
        accounts: accountsJson(pairList),
        ip: addressText(address),
        udp: unless(false, udp),
        userLevel: unless(0, userLevel),
      }),
    }),
  },
  'proxy.http.ServerConfig': {
    type: {
      timeout: { number: 1, type: 'number' },
      accounts: { number: 2, type: accounts, repeated: true },
      allowTransparent: { number: 3, type: 'bool' },
      userLevel: { number: 4, type: 'number' },
    },
    json: ({ accounts: pairList, allowTransparent, timeout, userLevel }) => ({
      protocol: 'http',
      settings: given({
        accounts: accountsJson(pairList),
        allowTransparent: unless(false, allowTransparent),
        timeout: unless(0, timeout),
        userLevel: unless(0, userLevel),
      }),
    }),
  },
  'proxy.dokodemo.Config': {
    type: {
      address: { number: 1, type: addressMessage },
      port: { number: 2, type: 'number' },
      networkList: { number: 3, type: { network: { number: 1, type: 'number', repeated: true } } },
      timeout: { number: 4, type: 'number' },
      followRedirect: { number: 5, type: 'bool' },
      userLevel: { number: 6, type: 'number' },
      networks: { number: 7, type: 'number', repeated: true },
    },
    json: ({ address, followRedirect, networkList: older, networks: newer, port, timeout, userLevel }) => ({
      protocol: 'dokodemo-door',
      settings: given({
        address: addressText(address),
        port: unless(0, port),
        network: networkList((older as Message | undefined)?.['network'], newer),
        timeout: unless(0, timeout),
        followRedirect: unless(false, followRedirect),
        userLevel: unless(0, userLevel),
      }),
    }),
  },
};

/** InboundHandlerConfig */
export const inboundConfig: MessageType = {
  tag: { number: 1, type: 'string' },
  receiver: { number: 2, type: typedMessage },
  proxy: { number: 3, type: typedMessage },
};

/** Throws a HandlerFault for what tsray cannot do, MalformedMessage for what is no message. */
export function inboundJson({ proxy, receiver: received, tag }: Message): Json {
  const proxyTyped = typedIn(proxy);
  if (proxyTyped === undefined) throw new HandlerFault(['app/proxyman', 'proxy_settings is missing']);
  const typed = typedIn(received);
  const readers: Readers = {
    'app.proxyman.ReceiverConfig': typed?.given.includes('xray.') === true ? xrayReceiver : receiver,
  };
  return {
    ...(tag === '' ? {} : { tag }),
    ...(typed === undefined ? {} : readWith(readers, typed, 'receiver_settings')),
    ...readWith(proxies, proxyTyped, 'a proxy'),
  };
}

function rangeText(value: Value): string {
  const { from, to } = value as { readonly from: number; readonly to: number };
  return from === to ? String(from) : `${from}-${to}`;
}

function allocationJson(value: Value | undefined): Json | undefined {
  if (value === undefined) return undefined;
  const { concurrency, refresh, type } = value as Message;
  return given({
    strategy: word(['always', 'random'], type, 'allocation_strategy'),
    concurrency: (concurrency as Message | undefined)?.['value'],
    refresh: (refresh as Message | undefined)?.['value'],
  });
}

function sniffingJson(value: Value | undefined): Json | undefined {
  if (value === undefined) return undefined;
  const { destOverride, domainsExcluded, enabled, metadataOnly, routeOnly } = value as Message;
  return given({
    enabled,
    destOverride: list(destOverride),
    domainsExcluded: domainsExcluded === undefined ? undefined : list(domainsExcluded),
    metadataOnly: unless(false, metadataOnly),
    routeOnly: unless(false, routeOnly),
  });
}

/** V2Ray says at the receiver what JSON says in `sockopt`. */
function redirected(stream: Json | undefined, original: Value | undefined): Json | undefined {
  if (original !== true) return stream;
  const sockopt = stream?.['sockopt'] as Json | undefined;
  return sockopt?.['tproxy'] !== undefined
    ? stream
    : { ...(stream ?? {}), sockopt: { ...(sockopt ?? {}), tproxy: 'redirect' } };
}
