/** Pairs of configurations in V2Ray 5's newer format, for tsray and V2Ray 5 alike. */
import { randomUUID } from 'node:crypto';
import type { makeCertificate, writeCertificateFiles } from './certificates.js';

export interface Jsonv5Case {
  readonly name: string;
  /** `streamSettings` of both sides. */
  readonly server: object;
  readonly client: object;
  readonly packetEncoding?: string;
}

/** `files`: a certificate for server.example.org, signed by the other. */
export function jsonv5Cases(
  files: ReturnType<typeof writeCertificateFiles>,
  { certificate: ca }: ReturnType<typeof makeCertificate>,
): readonly Jsonv5Case[] {
  const serverTls = {
    security: 'tls',
    securitySettings: {
      certificate: [
        { usage: 'ENCIPHERMENT', certificateFile: files.certificateFile, keyFile: files.keyFile },
      ],
    },
  };
  const clientTls = {
    security: 'tls',
    securitySettings: {
      server_name: 'server.example.org',
      disable_system_root: true,
      certificate: [{ usage: 'AUTHORITY_VERIFY', Certificate: Buffer.from(ca).toString('base64') }],
    },
  };
  const over = (carried: object) => ({
    server: { ...carried, ...serverTls },
    client: { ...carried, ...clientTls },
  });
  const plain = (carried: object) => ({ server: carried, client: carried });

  const ws = { transport: 'ws', transportSettings: { path: '/chat' } };
  const upgrade = {
    transport: 'httpupgrade',
    transportSettings: { path: '/up', host: 'server.example.org' },
  };
  const early = { path: '/up', max_early_data: '1024', early_data_header_name: 'X-Early' };
  const grpc = { transport: 'grpc', transportSettings: { service_name: 'Chat' } };
  const h2 = { transport: 'h2', transportSettings: { host: ['server.example.org'], path: '/h' } };
  const kcp = { seed: { seed: 'secret' }, tti: { value: 20 }, readBuffer: { size: 1_048_576 } };
  const unsealed = { security: { type: 'NONE' } };
  const srtp = { '@type': 'types.v2fly.org/v2ray.core.transport.internet.headers.srtp.Config' };
  const http = {
    '@type': 'types.v2fly.org/v2ray.core.transport.internet.headers.http.Config',
    request: { uri: ['/'], header: [{ name: 'Host', value: ['a.example'] }] },
    response: { header: [{ name: 'Server', value: ['nginx'] }] },
  };
  return [
    { name: 'plain TCP', ...plain({}) },
    { name: 'TLS', ...over({}) },
    { name: 'TCP disguised as HTTP', ...plain({ transportSettings: { headerSettings: http } }) },
    { name: 'httpupgrade', ...plain(upgrade) },
    { name: 'httpupgrade over TLS', ...over(upgrade) },
    {
      name: 'httpupgrade with early data',
      ...plain({ transport: 'httpupgrade', transportSettings: early }),
    },
    { name: 'ws over TLS', ...over(ws) },
    { name: 'ws with early data', ...plain({ transport: 'ws', transportSettings: early }) },
    { name: 'grpc over TLS', ...over(grpc) },
    { name: 'h2', ...over(h2) },
    {
      name: 'kcp',
      ...plain({ transport: 'kcp', transportSettings: { ...kcp, headerConfig: srtp } }),
    },
    { name: 'quic without settings', ...plain({ transport: 'quic' }) },
    {
      name: 'quic sealed with a key',
      ...plain({ transport: 'quic', transportSettings: { key: 'secret', header: srtp } }),
    },
    { name: 'quic unsealed over TLS', ...over({ transport: 'quic', transportSettings: unsealed }) },
    { name: 'packets packed with their addresses', ...plain({}), packetEncoding: 'Packet' },
  ];
}

const id = randomUUID();

export function jsonv5Server({ server }: Jsonv5Case, port: number): object {
  return {
    inbounds: [
      {
        protocol: 'vmess',
        tag: 'in',
        listen: '127.0.0.1',
        port,
        settings: { users: [id] },
        streamSettings: server,
      },
    ],
    outbounds: [{ protocol: 'freedom' }],
    services: { policy: { level: { 0: { timeout: { handshake: { value: 10 } } } } } },
  };
}

export function jsonv5Client(
  { client, packetEncoding = 'None' }: Jsonv5Case,
  port: number,
  serverPort: number,
): object {
  return {
    inbounds: [
      {
        protocol: 'socks',
        tag: 'socks',
        listen: '127.0.0.1',
        port,
        settings: { udpEnabled: true, address: '127.0.0.1', packetEncoding },
      },
    ],
    outbounds: [
      {
        protocol: 'vmess',
        settings: { address: '127.0.0.1', port: serverPort, uuid: id },
        streamSettings: client,
      },
    ],
  };
}

/** Datagrams that fit: an address in front of each takes some of the room. */
export function datagramSizes({ packetEncoding }: Jsonv5Case): readonly number[] | undefined {
  return packetEncoding === undefined ? undefined : [1, 1_400];
}
