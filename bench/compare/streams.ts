/** Stream settings of the transports measured, for V2Ray and tsray alike. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Streams {
  readonly server: object;
  readonly client: object;
  /** Of the client's outbound. */
  readonly mux?: object;
}

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

let made: TlsFiles | undefined;

/** A self-signed certificate for this run. */
function tlsFiles(): TlsFiles {
  if (made === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'tsray-bench-tls-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    made = { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      made.keyFile,
    ];
    const certificate = ['-x509', '-days', '2', '-subj', '/CN=localhost', '-out', made.certificateFile];
    execFileSync('openssl', ['req', ...certificate, ...key], { stdio: 'ignore' });
  }
  return made;
}

function plain(settings: object): () => Streams {
  return () => ({ server: settings, client: settings });
}

function secured(settings: object): () => Streams {
  return () => ({
    server: { ...settings, security: 'tls', tlsSettings: { certificates: [tlsFiles()] } },
    client: { ...settings, security: 'tls', tlsSettings: { allowInsecure: true, serverName: 'localhost' } },
  });
}

/** Under Mux.Cool; V2Ray's default concurrency. */
function muxed(streams: () => Streams): () => Streams {
  return () => ({ ...streams(), mux: { enabled: true, concurrency: 8 } });
}

const h2 = { network: 'http', httpSettings: { host: ['localhost'], path: '/' } };
const kcp = {
  network: 'kcp',
  kcpSettings: { uplinkCapacity: 100, downlinkCapacity: 100, mtu: 1450, tti: 10 },
};

export const streams = {
  tls: secured({ network: 'tcp' }),
  ws: plain({ network: 'ws' }),
  'ws over tls': secured({ network: 'ws' }),
  'http/2 over tls': secured(h2),
  'grpc over tls': secured({ network: 'grpc', grpcSettings: { serviceName: 'bench' } }),
  kcp: plain(kcp),
  quic: plain({ network: 'quic', quicSettings: {} }),
  'mux over tcp': muxed(plain({ network: 'tcp' })),
  'mux over ws over tls': muxed(secured({ network: 'ws' })),
} as const;

export type StreamName = keyof typeof streams;
