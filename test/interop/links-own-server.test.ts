/**
 * Links of tsray's own server lead its clients there, over the transports that V2Ray 4.34 lacks as well, and links to
 * nginx in front of it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/parse-config.js';
import { formatShareLink, linksOfInbound } from '../../src/config/share-link/format-share-link.js';
import { parseShareLink } from '../../src/config/share-link/share-link.js';
import type { LinkStyle } from '../../src/config/share-link/write.js';
import { createClient } from '../../src/index.js';
import { certificateEntry, makeCertificate, writeCertificateFiles } from '../helper/certificates.js';
import { freedomOutbound, users, vmessInbound } from '../helper/configs.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { nginxPath, startNginx } from '../helper/nginx.js';
import { payloadSha256, sha256 } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsray } from '../helper/tsray.js';

nginxPath();

const certificate = makeCertificate({ names: ['localhost'] });
const tls = { security: 'tls', tlsSettings: { certificates: [certificateEntry(certificate)] } };
const trusted = { disableSystemRoot: true, certificates: [certificateEntry(certificate, 'verify')] };
const styles: readonly LinkStyle[] = ['v2rayn', 'url'];

interface Row {
  readonly name: string;
  readonly stream: object;
  /** For nginx: what leads to the server, and how it listens. */
  readonly proxied?: { readonly location: string; readonly listen: string };
}

const upgraded = { location: 'location /up', listen: 'ssl' };
const called = { location: 'location /Service/', listen: 'ssl http2' };

const rows: readonly Row[] = [
  { name: 'tcp', stream: {} },
  { name: 'ws', stream: { network: 'ws', wsSettings: { path: '/up' } }, proxied: upgraded },
  {
    name: 'httpupgrade',
    stream: { network: 'httpupgrade', httpupgradeSettings: { path: '/up' } },
    proxied: upgraded,
  },
  { name: 'http/2', stream: { network: 'http', httpSettings: { path: '/h2' } } },
  { name: 'grpc', stream: { network: 'grpc', grpcSettings: { serviceName: 'Service' } }, proxied: called },
  {
    name: 'grpc, multi',
    stream: { network: 'grpc', grpcSettings: { serviceName: 'Service', multiMode: true } },
    proxied: called,
  },
  { name: 'kcp', stream: { network: 'kcp', kcpSettings: { seed: 'a seed' } } },
  { name: 'quic', stream: { network: 'quic', quicSettings: { security: 'none' } } },
];

let origin: HttpOrigin;
before(async () => {
  origin = await startHttpOrigin();
});
after(() => origin.close());

/** Reads `text`, trusts the test's certificate, and fetches through a client made of it. */
async function fetchedBy(text: string): Promise<void> {
  const link = parseShareLink(text);
  assert.deepEqual(link.warnings, [], text);
  const { streamSettings } = link.outbound as { streamSettings?: { tlsSettings?: object } };
  const tlsSettings = { ...streamSettings?.tlsSettings, ...trusted };
  const client = createClient({ ...link.outbound, streamSettings: { ...streamSettings, tlsSettings } });
  try {
    const response = await client.fetch(`http://127.0.0.1:${origin.port}/bytes/300000`);
    assert.equal(sha256(new Uint8Array(await response.arrayBuffer())), payloadSha256(300_000));
  } finally {
    await client.close();
  }
}

for (const { name, stream } of rows) {
  for (const security of [{}, tls]) {
    test(`${name}${security === tls ? ', TLS' : ''}: each link of the inbound`, async () => {
      const [port = 0] = await freePorts(1);
      const config = {
        inbounds: [{ ...vmessInbound(port), streamSettings: { ...stream, ...security } }],
        outbounds: [freedomOutbound],
      };
      const [inbound] = parseConfig(JSON.stringify(config)).settings?.inbounds ?? [];
      assert(inbound?.protocol === 'vmess');
      const server = await startTsray(config);
      try {
        for (const style of styles) {
          const links = linksOfInbound(inbound, 'localhost', { style });
          assert.ok(links.length > 0);
          for (const { text } of links) await fetchedBy(text);
        }
      } finally {
        await server.close();
      }
    });
  }
}

describe('behind nginx', { skip: skipWithout('nginx') }, () => {
  for (const { name, proxied, stream } of rows) {
    if (proxied === undefined) continue;
    test(`${name}: a link to nginx, which has the certificate`, async () => {
      const [port = 0, front = 0] = await freePorts(2);
      const server = await startTsray({
        inbounds: [{ ...vmessInbound(port), streamSettings: stream }],
        outbounds: [freedomOutbound],
      });
      const files = writeCertificateFiles(certificate);
      const pass = proxied === called ? `grpc_pass grpc://127.0.0.1:${port};` : upgradePass(port);
      const nginx = await startNginx(
        front,
        `ssl_certificate ${files.certificateFile}; ssl_certificate_key ${files.keyFile};
         ${proxied.location} { ${pass} }`,
        proxied.listen,
      );
      try {
        for (const style of styles) {
          const text = formatShareLink(
            {
              protocol: 'vmess',
              settings: {
                vnext: [{ address: 'localhost', port: front, users: [{ id: users.aead.id }] }],
              },
              streamSettings: { ...stream, security: 'tls', tlsSettings: { serverName: 'localhost' } },
            },
            { style },
          );
          await fetchedBy(text);
        }
      } finally {
        await nginx.close();
        files.remove();
        await server.close();
      }
    });
  }
});

function upgradePass(port: number): string {
  return `proxy_pass http://127.0.0.1:${port}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade; proxy_set_header Host $host; proxy_buffering off;`;
}
