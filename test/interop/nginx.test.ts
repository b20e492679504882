/** nginx as reverse proxy in front of ws, httpupgrade and grpc: the way servers are really deployed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeCertificate, writeCertificateFiles } from '../helper/certificates.js';
import { users } from '../helper/configs.js';
import { type EchoServers, manyAtOnce, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { nginxPath, startNginx } from '../helper/nginx.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { projectRoot } from '../helper/project.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

nginxPath();

/** The snippet of docs/transports.md that serves `location`, as printed but for path and port. */
function documented(location: string, port: number, path: string): string {
  const text = readFileSync(join(projectRoot, 'docs', 'transports.md'), 'utf8');
  const snippets = [...text.matchAll(/```nginx\n([\s\S]*?)```/g)].map((found) => found[1] ?? '');
  const snippet = snippets.find((each) => each.startsWith(`location ${location} `)) ?? '';
  assert.ok(snippet.includes('10086'), `docs/transports.md has no snippet for ${location}`);
  return snippet.replace(location, path).replace('10086', String(port));
}

interface Case {
  readonly name: string;
  readonly stream: object;
  readonly location: (serverPort: number) => string;
  readonly listen: string;
  readonly alpn?: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: 'ws',
    stream: { network: 'ws', wsSettings: { path: '/chat' } },
    location: (port) => documented('/chat', port, '/chat'),
    listen: 'ssl',
  },
  {
    name: 'httpupgrade',
    stream: { network: 'httpupgrade', httpupgradeSettings: { path: '/up' } },
    location: (port) => documented('/chat', port, '/up'),
    listen: 'ssl',
  },
  ...(['ws', 'httpupgrade'] as const).flatMap((network): Case[] =>
    [['h2'], ['h2', 'http/1.1'], ['h3']].map((alpn) => ({
      name: `${network} where nginx has HTTP/2 and alpn is ${alpn.join(', ')}`,
      stream: { network, [`${network}Settings`]: { path: '/way' } },
      location: (port) => documented('/chat', port, '/way'),
      listen: 'ssl http2',
      alpn,
    })),
  ),
  {
    name: 'grpc',
    stream: { network: 'grpc', grpcSettings: { serviceName: 'GunService' } },
    location: (port) => documented('/GunService/', port, '/GunService/'),
    listen: 'ssl http2',
  },
];

async function through(
  each: Case,
  use: (proxyPort: number, echo: EchoServers) => Promise<void>,
): Promise<void> {
  const [serverPort, frontPort, proxyPort] = (await freePorts(3)) as [number, number, number];
  const files = writeCertificateFiles(makeCertificate({ names: ['www.example.com'] }));
  const echo = await startEchoServers();
  const server = await startTsrayProcess({
    inbounds: [
      {
        protocol: 'vmess',
        listen: '127.0.0.1',
        port: serverPort,
        settings: { clients: [users.aead] },
        streamSettings: each.stream,
      },
    ],
    outbounds: [{ protocol: 'freedom' }],
  });
  const front = await startNginx(
    frontPort,
    `ssl_certificate ${files.certificateFile}; ssl_certificate_key ${files.keyFile}; ${each.location(serverPort)}`,
    each.listen,
  );
  const { id, alterId } = users.aead;
  const client = await startTsrayProcess({
    inbounds: [{ protocol: 'socks', listen: '127.0.0.1', port: proxyPort, settings: { udp: true } }],
    outbounds: [
      {
        protocol: 'vmess',
        settings: { vnext: [{ address: '127.0.0.1', port: frontPort, users: [{ id, alterId }] }] },
        streamSettings: {
          ...each.stream,
          security: 'tls',
          tlsSettings: {
            serverName: 'www.example.com',
            ...(each.alpn === undefined ? {} : { alpn: each.alpn }),
            certificates: [{ usage: 'verify', certificateFile: files.certificateFile }],
          },
        },
      },
    ],
  });
  try {
    await use(proxyPort, echo);
  } finally {
    await client.close();
    await front.close();
    await server.close();
    await echo.close();
    files.remove();
  }
}

describe('behind nginx', { skip: skipWithout('nginx') }, () => {
  for (const each of cases) {
    test(`${each.name}: TCP, UDP, and 60 connections at once`, async () => {
      await through(each, async (proxyPort, echo) => {
        await tcpEcho(proxyPort, echo);
        await udpEcho(proxyPort, echo);
        await manyAtOnce(proxyPort, echo, 60, 20_000);
      });
    });
  }
});
