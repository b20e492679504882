/** Dialers and listeners of QUIC on loopback, with deadlines and limits of a test's own. */
import type { Accepted, Dialer } from '../../src/contract/transport.js';
import { createQuicDialer } from '../../src/transport/quic/dial.js';
import { createQuicListen, type QuicListenDeps } from '../../src/transport/quic/listen.js';
import type { QuicSettings } from '../../src/transport/quic/settings.js';
import { quicClientSecurity, quicServerSecurity } from '../../src/transport/stack/quic-security.js';
import type { TlsSettings } from '../../src/transport/tls/settings.js';
import type { CollectSink } from './collect-sink.js';
import { type TransportServer, transportDeps } from './transport.js';

const alpn = ['h2', 'http/1.1'];

export const plainQuic: QuicSettings = { security: 'none', key: '', header: 'none' };

export function tlsSettings(more: Partial<TlsSettings> = {}): TlsSettings {
  return {
    allowInsecure: false,
    certificates: [],
    enableSessionResumption: false,
    disableSystemRoot: true,
    pinnedPeerCertificateChains: [],
    ...more,
  };
}

export interface QuicClientOptions {
  readonly settings?: QuicSettings;
  readonly tls?: TlsSettings;
  readonly timeoutMs?: number;
}

export function quicDialer({ settings = plainQuic, timeoutMs, tls }: QuicClientOptions = {}): Dialer {
  const deps = { ...transportDeps(), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return createQuicDialer(settings, quicClientSecurity(tls, alpn, deps), deps);
}

export interface QuicServerOptions {
  /** Clients are not let in. */
  readonly strangers?: boolean;
  readonly settings?: QuicSettings;
  readonly tls?: TlsSettings;
  readonly port?: number;
  readonly limits?: Partial<Pick<QuicListenDeps, 'maxConnections' | 'retryFrom' | 'handshakeMs'>>;
}

/** `next` gives what is accepted, in order. */
export async function quicServer(options: QuicServerOptions = {}): Promise<TransportServer> {
  const { limits = {}, port = 0, settings = plainQuic, strangers, tls } = options;
  const waiting: ((accepted: Accepted) => void)[] = [];
  const ready: Accepted[] = [];
  let count = 0;
  const deps = { ...transportDeps(), ...limits };
  const listen = createQuicListen(settings, quicServerSecurity(tls, alpn, deps), deps);
  const listener = await listen('127.0.0.1', port, (accepted) => {
    count += 1;
    if (strangers !== true) accepted.admit();
    const take = waiting.shift();
    if (take === undefined) ready.push(accepted);
    else take(accepted);
  });
  return {
    listener,
    port: listener.port,
    get accepted() {
      return count;
    },
    next() {
      const accepted = ready.shift();
      return accepted === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(accepted);
    },
  };
}

/** Resolves at the link's end with its error. */
export async function ending(sink: CollectSink): Promise<CollectSink['error']> {
  await sink.until(({ closes }) => closes > 0);
  return sink.error;
}
