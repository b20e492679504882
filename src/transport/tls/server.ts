/** The server's side of TLS: contexts from settings, by server name. */

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Logger } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import { containStream } from '../../core/contain.js';
import { describeError, TsrayError } from '../../core/errors.js';
import type { RandomSource } from '../../core/random.js';
import type { SecurityInfo } from '../socket/socket.js';
import { contextOptions } from './context-options.js';
import { endWhenDamaged } from './damage.js';
import { clientFault } from './faults.js';
import { Handshakes } from './handshakes.js';
import { issueIdentity, replaceAfterMs } from './identity.js';
import { certificateFault, certificateName, type LoadedCertificate, reloading } from './pem-source.js';
import type { TlsSettings } from './settings.js';

export interface TlsServerDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
}

export interface TlsServer {
  /** Starts TLS over an accepted stream. It emits `secure` when done, and `close` after any failure. */
  accept(stream: Duplex): tls.TLSSocket;
  /** Those under way. */
  readonly handshakes: Handshakes;
}

/** Throws ERR_CONFIG_… for certificates it cannot use. */
export function createTlsServer(
  settings: TlsSettings,
  defaultAlpn: readonly string[],
  deps: TlsServerDeps,
): TlsServer {
  const { clock, log } = deps;
  const alpn = [...(settings.alpn ?? defaultAlpn)];
  const ticketKeys = Buffer.from(deps.random.fill(new Uint8Array(48)));
  const options = { ...contextOptions(settings), ticketKeys };
  const own = settings.certificates.filter(({ usage }) => usage !== 'verify');
  const names = own.map(certificateName);
  const contexts = reloading(
    own,
    clock,
    (loaded) => new ServerContexts(loaded, names, options, settings.serverName ?? 'localhost', deps),
    (error) =>
      log.warning(`certificates could not be read again, the old ones stay: ${describeError(error)}`),
  );
  return {
    handshakes: new Handshakes(clock),
    accept(stream) {
      const current = contexts.current();
      const socket = new tls.TLSSocket(stream, {
        isServer: true,
        secureContext: current.byDefault,
        ALPNProtocols: alpn,
        ...(current.one
          ? {}
          : {
              SNICallback: (name, done) => {
                try {
                  done(null, current.forName(name));
                } catch (error) {
                  done(error as Error);
                }
              },
            }),
      });
      return containStream(socket);
    },
  };
}

export interface HandshakeWait {
  readonly handshakes: Handshakes;
  readonly clock: Clock;
  readonly handshakeMs: number;
}

/**
 * Waits for `secure` under a deadline. A client that ends its side meanwhile has left: nothing can come of it any more.
 * After a failure the socket is destroyed; `failed` may be told of it.
 */
export function afterHandshake(
  socket: tls.TLSSocket,
  { clock, handshakeMs, handshakes }: HandshakeWait,
  done: (socket: tls.TLSSocket, security: SecurityInfo) => void,
  failed: (error: TsrayError) => void,
): void {
  const timer = clock.setTimer(handshakeMs, () =>
    socket.destroy(
      new TsrayError('ERR_HANDSHAKE_TIMEOUT', 'the client did not finish its TLS handshake in time'),
    ),
  );
  const fault = (error: Error): void => failed(clientFault(error));
  const left = (): void => {
    socket.destroy(new TsrayError('ERR_TRUNCATED', 'the client left in its TLS handshake'));
  };
  const over = (): void => {
    timer.cancel();
    handshakes.end(socket);
  };
  handshakes.begin(socket);
  socket.on('error', fault);
  socket.once('end', left);
  socket.once('close', over);
  socket.once('secure', () => {
    over();
    socket.removeListener('close', over);
    socket.removeListener('end', left);
    socket.removeListener('error', fault);
    takeOver(socket);
    const alpn = socket.alpnProtocol;
    done(socket, { alpn: alpn === false || alpn === null ? '' : alpn });
  });
}

/**
 * What Node's own TLS server does behind the handshake. Without the first, node:http2 would wait for another event;
 * without the second, nobody would be told of records that are damaged.
 */
function takeOver(socket: tls.TLSSocket): void {
  const inside = socket as unknown as { _releaseControl?: () => boolean };
  Object.assign(socket, { secureConnecting: false });
  if (inside._releaseControl !== undefined) inside._releaseControl();
  else socket.on('_tlsError', (error: Error) => socket.destroy(error));
  endWhenDamaged(socket);
}

interface NamedContext {
  readonly certificate: X509Certificate;
  readonly context: tls.SecureContext;
}

/** One context for each certificate, and for each name that a CA has issued one for. */
class ServerContexts {
  readonly #own: readonly NamedContext[];
  readonly #issuer: Issuer | undefined;
  /** Whatever name a client asks for. */
  readonly one: boolean;
  readonly byDefault: tls.SecureContext;

  constructor(
    loaded: readonly LoadedCertificate[],
    names: readonly string[],
    options: tls.SecureContextOptions,
    defaultName: string,
    deps: TlsServerDeps,
  ) {
    this.#own = loaded.flatMap(({ usage, certificatePem, keyPem }, index) => {
      if (usage !== 'encipherment') return [];
      try {
        const context = tls.createSecureContext({ ...options, cert: certificatePem, key: keyPem });
        return [{ certificate: new X509Certificate(certificatePem), context }];
      } catch (error) {
        throw certificateFault(names[index] ?? '', error);
      }
    });
    const authority = loaded.findIndex(({ usage }) => usage === 'issue');
    if (authority >= 0) {
      try {
        this.#issuer = new Issuer(loaded[authority]!, options, deps);
      } catch (error) {
        throw certificateFault(names[authority] ?? '', error);
      }
    }
    const byDefault = this.#own[0]?.context ?? this.#issuer?.contextFor(defaultName);
    if (byDefault === undefined) {
      throw new TsrayError('ERR_CONFIG_MISSING', 'TLS without a certificate of this server');
    }
    this.byDefault = byDefault;
    this.one = this.#issuer === undefined && this.#own.length === 1;
  }

  /** The first own certificate for the name; else an issued one; else the first. */
  forName(name: string): tls.SecureContext {
    const own = this.#own.find(({ certificate }) => certificate.checkHost(name) !== undefined);
    return own?.context ?? this.#issuer?.contextFor(name) ?? this.byDefault;
  }
}

/** Whoever asks for more names has the oldest forgotten. */
const maxIssued = 256;

/** What a name may consist of to be put into a certificate. */
const hostName = /^(?=.{1,253}$)[a-z0-9_*-]+(?:\.[a-z0-9_*-]+)*\.?$/i;

class Issuer {
  readonly #authority: LoadedCertificate;
  readonly #options: tls.SecureContextOptions;
  readonly #deps: TlsServerDeps;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  readonly #issued = new Map<string, { readonly context: tls.SecureContext; readonly madeMs: number }>();

  constructor(authority: LoadedCertificate, options: tls.SecureContextOptions, deps: TlsServerDeps) {
    this.#authority = authority;
    this.#options = options;
    this.#deps = deps;
    // Tells now that the CA's key can sign, not at the first client.
    this.contextFor('localhost');
  }

  /** Undefined for text that is no host name. */
  contextFor(name: string): tls.SecureContext | undefined {
    const lower = name.toLowerCase();
    if (!hostName.test(lower)) return undefined;
    const nowMs = this.#deps.clock.nowMs();
    const known = this.#issued.get(lower);
    if (known !== undefined && nowMs - known.madeMs < replaceAfterMs) return known.context;
    const context = this.#issue(lower, nowMs);
    this.#issued.delete(lower);
    this.#issued.set(lower, { context, madeMs: nowMs });
    if (this.#issued.size > maxIssued) this.#issued.delete(this.#issued.keys().next().value!);
    return context;
  }

  #issue(name: string, nowMs: number): tls.SecureContext {
    const { certificatePem, keyPem } = issueIdentity(
      this.#authority,
      this.#keys,
      name,
      nowMs,
      this.#deps.random,
    );
    return tls.createSecureContext({ ...this.#options, cert: certificatePem, key: keyPem });
  }
}
