/** StreamConfig of V2Ray and Xray, read into `streamSettings`. */
import {
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
  utf8,
  word,
  wrapped,
} from './config-json.js';
import { HandlerFault } from './handler-fault.js';
import type { Message, MessageType, Value } from './message.js';
import { typedMessage } from './typed.js';

const certificate: MessageType = {
  certificate: { number: 1, type: 'bytes' },
  key: { number: 2, type: 'bytes' },
  usage: { number: 3, type: 'number' },
  certificateFile: { number: 5, type: 'string' },
  keyFile: { number: 6, type: 'string' },
};

const tls: Reader = {
  type: {
    allowInsecure: { number: 1, type: 'bool' },
    certificate: { number: 2, type: certificate, repeated: true },
    serverName: { number: 3, type: 'string' },
    alpn: { number: 4, type: 'string', repeated: true },
  },
  json: ({ allowInsecure, alpn, certificate: certificates, serverName }) =>
    given({
      allowInsecure: unless(false, allowInsecure),
      serverName: unless('', serverName),
      alpn: list(alpn),
      certificates: list(certificates)?.map((each) => certificateJson(each as Message)),
    }),
};

function certificateJson({ certificate: pem, certificateFile, key, keyFile, usage }: Message): Json {
  const lines = (bytes: Value | undefined): readonly string[] | undefined =>
    (bytes as Uint8Array).length === 0 ? undefined : utf8(bytes).trimEnd().split('\n');
  return given({
    usage: word(['encipherment', 'verify', 'issue'], usage, 'the usage of a certificate'),
    certificate: lines(pem),
    key: lines(key),
    certificateFile: unless('', certificateFile),
    keyFile: unless('', keyFile),
  });
}

const packetHeaders: Readonly<Record<string, string>> = {
  'transport.internet.headers.noop.Config': 'none',
  'transport.internet.headers.srtp.Config': 'srtp',
  'transport.internet.headers.utp.Config': 'utp',
  'transport.internet.headers.wechat.VideoConfig': 'wechat-video',
  'transport.internet.headers.tls.PacketConfig': 'dtls',
  'transport.internet.headers.wireguard.WireguardConfig': 'wireguard',
};

function packetHeader(value: Value | undefined): Json | undefined {
  const typed = typedIn(value);
  if (typed === undefined) return undefined;
  const type = packetHeaders[typed.name];
  if (type === undefined) {
    throw new HandlerFault(['transport/internet', `a header of type ${typed.given} is not supported`]);
  }
  return { type };
}

const httpHeader: MessageType = {
  name: { number: 1, type: 'string' },
  value: { number: 2, type: 'string', repeated: true },
};
const text: MessageType = { value: { number: 1, type: 'string' } };
const tcpHeaders: Readers = {
  'transport.internet.headers.noop.ConnectionConfig': { type: {}, json: () => ({ type: 'none' }) },
  'transport.internet.headers.http.Config': {
    type: {
      request: {
        number: 1,
        type: {
          version: { number: 1, type: text },
          method: { number: 2, type: text },
          path: { number: 3, type: 'string', repeated: true },
          header: { number: 4, type: httpHeader, repeated: true },
        },
      },
      response: {
        number: 2,
        type: {
          version: { number: 1, type: text },
          status: {
            number: 2,
            type: { code: { number: 1, type: 'string' }, reason: { number: 2, type: 'string' } },
          },
          header: { number: 3, type: httpHeader, repeated: true },
        },
      },
    },
    json({ request, response }) {
      const sent = request as Message | undefined;
      const answered = response as Message | undefined;
      const status = answered?.['status'] as Message | undefined;
      return given({
        type: 'http',
        request:
          sent &&
          given({
            version: inner(sent['version']),
            method: inner(sent['method']),
            path: list(sent['path']),
            headers: headerLists(sent['header']),
          }),
        response:
          answered &&
          given({
            version: inner(answered['version']),
            status: status?.['code'],
            reason: status?.['reason'],
            headers: headerLists(answered['header']),
          }),
      });
    },
  },
};

function inner(message: Value | undefined): Value | undefined {
  return (message as Message | undefined)?.['value'];
}

function headerLists(headers: Value | undefined): Json | undefined {
  const all = headers as readonly Message[];
  return all.length === 0
    ? undefined
    : Object.fromEntries(all.map(({ name, value }) => [name as string, value]));
}

const bytesOf: MessageType = { size: { number: 1, type: 'number' } };

/** Key of `streamSettings`, and the reader, by message names. */
const transports: Readonly<Record<string, Reader & { readonly key: string }>> = {
  'transport.internet.tcp.Config': {
    key: 'tcpSettings',
    type: { header: { number: 2, type: typedMessage }, acceptProxyProtocol: { number: 3, type: 'bool' } },
    json({ acceptProxyProtocol, header }) {
      const typed = typedIn(header);
      return given({
        acceptProxyProtocol: unless(false, acceptProxyProtocol),
        header: typed && readWith(tcpHeaders, typed, 'a header'),
      });
    },
  },
  'transport.internet.websocket.Config': {
    key: 'wsSettings',
    type: {
      host: { number: 1, type: 'string' },
      path: { number: 2, type: 'string' },
      header: { number: 3, type: pairMessage, repeated: true },
      acceptProxyProtocol: { number: 4, type: 'bool' },
    },
    json: ({ acceptProxyProtocol, header, host, path }) =>
      given({
        acceptProxyProtocol: unless(false, acceptProxyProtocol),
        path: unless('', path),
        headers: { ...pairs(header), ...(host === '' ? {} : { Host: host }) },
      }),
  },
  'transport.internet.http.Config': {
    key: 'httpSettings',
    type: { host: { number: 1, type: 'string', repeated: true }, path: { number: 2, type: 'string' } },
    json: ({ host, path }) => given({ host: list(host), path: unless('', path) }),
  },
  'transport.internet.grpc.encoding.Config': {
    key: 'grpcSettings',
    type: { host: { number: 1, type: 'string' }, serviceName: { number: 2, type: 'string' } },
    json: ({ host, serviceName }) => {
      if (host !== '') throw new HandlerFault(['transport/internet', 'a host of gRPC is not supported']);
      return given({ serviceName: unless('', serviceName) });
    },
  },
  'transport.internet.domainsocket.Config': {
    key: 'dsSettings',
    type: {
      path: { number: 1, type: 'string' },
      abstract: { number: 2, type: 'bool' },
      padding: { number: 3, type: 'bool' },
    },
    json: ({ abstract, padding, path }) =>
      given({ path, abstract: unless(false, abstract), padding: unless(false, padding) }),
  },
  'transport.internet.kcp.Config': {
    key: 'kcpSettings',
    type: {
      mtu: { number: 1, type: wrapped },
      tti: { number: 2, type: wrapped },
      uplinkCapacity: { number: 3, type: wrapped },
      downlinkCapacity: { number: 4, type: wrapped },
      congestion: { number: 5, type: 'bool' },
      writeBuffer: { number: 6, type: bytesOf },
      readBuffer: { number: 7, type: bytesOf },
      header: { number: 8, type: typedMessage },
      seed: { number: 10, type: { seed: { number: 1, type: 'string' } } },
    },
    json({ congestion, downlinkCapacity, header, mtu, readBuffer, seed, tti, uplinkCapacity, writeBuffer }) {
      const megabytes = (buffer: Value | undefined): number | undefined =>
        buffer === undefined ? undefined : Math.round(((buffer as Message)['size'] as number) / 2 ** 20);
      return given({
        mtu: inner(mtu),
        tti: inner(tti),
        uplinkCapacity: inner(uplinkCapacity),
        downlinkCapacity: inner(downlinkCapacity),
        congestion: unless(false, congestion),
        writeBufferSize: megabytes(writeBuffer),
        readBufferSize: megabytes(readBuffer),
        header: packetHeader(header),
        seed: (seed as Message | undefined)?.['seed'],
      });
    },
  },
  'transport.internet.quic.Config': {
    key: 'quicSettings',
    type: {
      key: { number: 1, type: 'string' },
      security: { number: 2, type: { type: { number: 1, type: 'number' } } },
      header: { number: 3, type: typedMessage },
    },
    json: ({ header, key, security }) => {
      const words = ['none', undefined, undefined, 'aes-128-gcm', 'chacha20-poly1305', 'none'];
      const number = (security as Message | undefined)?.['type'] ?? 0;
      return given({
        key: unless('', key),
        security: word(words, number, "QUIC's security"),
        header: packetHeader(header),
      });
    },
  },
  'transport.internet.httpupgrade.Config': {
    key: 'httpupgradeSettings',
    type: { host: { number: 1, type: 'string' }, path: { number: 2, type: 'string' } },
    json: ({ host, path }) => given({ host: unless('', host), path: unless('', path) }),
  },
};

const socket: MessageType = {
  mark: { number: 1, type: 'number' },
  tfo: { number: 2, type: 'number' },
  tproxy: { number: 3, type: 'number' },
  acceptProxyProtocol: { number: 7, type: 'bool' },
};

export const streamMessage: MessageType = {
  protocol: { number: 1, type: 'number' },
  transports: {
    number: 2,
    type: {
      protocol: { number: 1, type: 'number' },
      settings: { number: 2, type: typedMessage },
      name: { number: 3, type: 'string' },
    },
    repeated: true,
  },
  securityType: { number: 3, type: 'string' },
  securities: { number: 4, type: typedMessage, repeated: true },
  name: { number: 5, type: 'string' },
  socket: { number: 6, type: socket },
};

/** V2Ray's numbers of transports, for callers that send no names. */
const networks = ['tcp', 'udp', 'kcp', 'ws', 'http', 'domainsocket'];
const networkNames: Readonly<Record<string, string>> = {
  mkcp: 'kcp',
  websocket: 'ws',
  gun: 'grpc',
};

/** Undefined for none. Throws a HandlerFault. */
export function streamJson(value: Value | undefined): Json | undefined {
  if (value === undefined) return undefined;
  const message = value as Message;
  const name = (message['name'] as string) || word(networks, message['protocol'], 'the transport');
  const json: Record<string, unknown> = { network: networkNames[name] ?? name };
  for (const each of message['transports'] as readonly Message[]) {
    const typed = typedIn(each['settings']);
    if (typed === undefined) continue;
    const reader = Object.hasOwn(transports, typed.name) ? transports[typed.name] : undefined;
    if (reader === undefined) {
      throw new HandlerFault(['transport/internet', `a transport of type ${typed.given} is not supported`]);
    }
    json[reader.key] = readWith(transports, typed, 'a transport');
  }
  const security = (message['securityType'] as string).replace(/^(?:v2ray\.core|xray)\./, '');
  if (security !== '' && security !== 'transport.internet.tls.Config') {
    throw new HandlerFault(['transport/internet', `a security of type ${security} is not supported`]);
  }
  if (security !== '') {
    json['security'] = 'tls';
    const [first] = message['securities'] as readonly Message[];
    const typed = typedIn(first);
    if (typed !== undefined) json['tlsSettings'] = readWith({ [security]: tls }, typed, 'a security');
  }
  const options = message['socket'] as Message | undefined;
  if (options !== undefined) json['sockopt'] = socketJson(options);
  return json;
}

function socketJson({ acceptProxyProtocol, mark, tfo, tproxy }: Message): Json {
  return given({
    mark: unless(0, mark),
    tcpFastOpen: tfo === 0 ? undefined : tfo === 1,
    tproxy: tproxy === 0 ? undefined : word([undefined, 'tproxy', 'redirect'], tproxy, 'tproxy'),
    acceptProxyProtocol: unless(false, acceptProxyProtocol),
  });
}
