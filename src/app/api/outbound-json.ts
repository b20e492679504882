/** OutboundHandlerConfig of V2Ray and Xray, read into an entry of `outbounds`. Pure. */
import {
  addressMessage,
  addressText,
  given,
  type Json,
  type Reader,
  type Readers,
  readWith,
  typedIn,
  unless,
  word,
} from './config-json.js';
import { HandlerFault } from './handler-fault.js';
import type { Message, MessageType, Value } from './message.js';
import { userMessage } from './proxy-messages.js';
import { streamJson, streamMessage } from './stream-json.js';
import { typedMessage } from './typed.js';
import { outboundUserJson, passwordJson } from './user-json.js';

const sender: Reader = {
  type: {
    via: { number: 1, type: addressMessage },
    stream: { number: 2, type: streamMessage },
    proxy: {
      number: 3,
      type: { tag: { number: 1, type: 'string' }, transportLayer: { number: 2, type: 'bool' } },
    },
    mux: {
      number: 4,
      type: { enabled: { number: 1, type: 'bool' }, concurrency: { number: 2, type: 'number' } },
    },
  },
  json: ({ mux, proxy, stream, via }) =>
    given({
      sendThrough: addressText(via),
      streamSettings: streamJson(stream),
      proxySettings:
        proxy &&
        given({
          tag: (proxy as Message)['tag'],
          transportLayer: unless(false, (proxy as Message)['transportLayer']),
        }),
      mux:
        mux &&
        given({
          enabled: (mux as Message)['enabled'],
          concurrency: unless(0, (mux as Message)['concurrency']),
        }),
    }),
};

const endpoint: MessageType = {
  address: { number: 1, type: addressMessage },
  port: { number: 2, type: 'number' },
  user: { number: 3, type: userMessage, repeated: true },
};

function endpointJson(value: Value, user: (each: Message) => Json): Json {
  const { address, port, user: users } = value as Message;
  const all = (users as readonly Message[]).map(user);
  return given({ address: addressText(address), port, users: all.length === 0 ? undefined : all });
}

const serverList: MessageType = { server: { number: 1, type: endpoint, repeated: true } };

const responses: Readers = {
  'proxy.blackhole.NoneResponse': { type: {}, json: () => ({ type: 'none' }) },
  'proxy.blackhole.HTTPResponse': { type: {}, json: () => ({ type: 'http' }) },
};

const proxies: Readers = {
  'proxy.vmess.outbound.Config': {
    type: { receiver: { number: 1, type: endpoint, repeated: true } },
    json: ({ receiver }) => ({
      protocol: 'vmess',
      settings: { vnext: (receiver as readonly Value[]).map((each) => endpointJson(each, outboundUserJson)) },
    }),
  },
  'proxy.socks.ClientConfig': {
    type: serverList,
    json: ({ server }) => ({
      protocol: 'socks',
      settings: { servers: (server as readonly Value[]).map((each) => endpointJson(each, passwordJson)) },
    }),
  },
  'proxy.http.ClientConfig': {
    type: serverList,
    json: ({ server }) => ({
      protocol: 'http',
      settings: { servers: (server as readonly Value[]).map((each) => endpointJson(each, passwordJson)) },
    }),
  },
  'proxy.freedom.Config': {
    type: {
      strategy: { number: 1, type: 'number' },
      timeout: { number: 2, type: 'number' },
      override: { number: 3, type: { server: { number: 1, type: endpoint } } },
      userLevel: { number: 4, type: 'number' },
    },
    json: ({ override, strategy, timeout, userLevel }) => ({
      protocol: 'freedom',
      settings: given({
        domainStrategy: word(['AsIs', 'UseIP', 'UseIPv4', 'UseIPv6'], strategy, 'domain_strategy'),
        redirect: redirectText((override as Message | undefined)?.['server']),
        timeout: unless(0, timeout),
        userLevel: unless(0, userLevel),
      }),
    }),
  },
  'proxy.blackhole.Config': {
    type: { response: { number: 1, type: typedMessage } },
    json({ response }) {
      const typed = typedIn(response);
      return {
        protocol: 'blackhole',
        settings: typed === undefined ? {} : { response: readWith(responses, typed, 'a response') },
      };
    },
  },
  'proxy.loopback.Config': {
    type: { inboundTag: { number: 1, type: 'string' } },
    json: ({ inboundTag }) => ({ protocol: 'loopback', settings: { inboundTag } }),
  },
};

/** OutboundHandlerConfig */
export const outboundConfig: MessageType = {
  tag: { number: 1, type: 'string' },
  sender: { number: 2, type: typedMessage },
  proxy: { number: 3, type: typedMessage },
};

/** `expire` and `comment` have no effect in any of the programs. Throws a HandlerFault. */
export function outboundJson({ proxy, sender: sent, tag }: Message): Json {
  const proxyTyped = typedIn(proxy);
  if (proxyTyped === undefined) throw new HandlerFault(['app/proxyman', 'proxy_settings is missing']);
  const typed = typedIn(sent);
  return {
    ...(tag === '' ? {} : { tag }),
    ...(typed === undefined
      ? {}
      : readWith({ 'app.proxyman.SenderConfig': sender }, typed, 'sender_settings')),
    ...readWith(proxies, proxyTyped, 'a proxy'),
  };
}

function redirectText(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { address, port } = value as Message;
  const host = addressText(address) ?? '';
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}
