/** The transport stack for tests: settings in short form, parts, and a pair of links over a listener. */
import type { Accepted, Dialer, Listener } from '../../src/contract/transport.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { parseAddress } from '../../src/core/net/address.js';
import type { Destination } from '../../src/core/net/destination.js';
import { systemRandom } from '../../src/core/random.js';
import type { Link } from '../../src/core/stream/link.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import type { TransportDeps } from '../../src/transport/carrier/framing.js';
import { createSystemResolver } from '../../src/transport/dns/system-resolver.js';
import {
  createStreamDialer,
  createStreamListen,
  type StreamDialerDeps,
} from '../../src/transport/stack/stack.js';
import { plainTcp, type StreamSettings } from '../../src/transport/stack/stream-settings.js';
import type { CertificateSettings, TlsSettings } from '../../src/transport/tls/settings.js';
import { bindPackets } from '../../src/transport/udp/bind.js';
import type { TestCertificate } from './certificates.js';
import { MemoryLogger } from './memory-log.js';

export function transportDeps(more: { clock?: Clock; log?: MemoryLogger } = {}): TransportDeps {
  const clock = more.clock ?? systemClock;
  return {
    clock,
    random: systemRandom,
    crypto: defaultCrypto(),
    resolver: createSystemResolver({ clock }),
    bindPackets,
    log: more.log ?? new MemoryLogger(),
    handshakeMs: 60_000,
  };
}

export function tlsSettings(more: Partial<TlsSettings> = {}): TlsSettings {
  return {
    allowInsecure: false,
    certificates: [],
    enableSessionResumption: false,
    disableSystemRoot: false,
    pinnedPeerCertificateChains: [],
    ...more,
  };
}

/** `tcp` under TLS. */
export function tlsOverTcp(more: Partial<TlsSettings> = {}): StreamSettings {
  return { ...plainTcp, tls: tlsSettings(more) };
}

export function inline(
  made: TestCertificate,
  usage: CertificateSettings['usage'] = 'encipherment',
): CertificateSettings {
  const certificate = { pem: made.certificate };
  return usage === 'verify' ? { usage, certificate } : { usage, certificate, key: { pem: made.key } };
}

export function loopback(port: number, host = '127.0.0.1'): Destination {
  return { network: 'tcp', address: parseAddress(host), port };
}

/** A listener whose accepted links are waited for one by one. */
export class TestListener {
  readonly #waiting: ((accepted: Accepted) => void)[] = [];
  readonly #arrived: Accepted[] = [];
  #listener: Listener | undefined;

  static async open(
    settings: StreamSettings,
    deps: TransportDeps = transportDeps(),
    host = '127.0.0.1',
  ): Promise<TestListener> {
    const made = new TestListener();
    made.#listener = await createStreamListen(settings, deps)(host, 0, (accepted) => {
      accepted.admit();
      const next = made.#waiting.shift();
      if (next === undefined) made.#arrived.push(accepted);
      else next(accepted);
    });
    return made;
  }

  get port(): number {
    return this.#listener!.port;
  }

  get address(): string {
    return this.#listener!.address;
  }

  /** Accepted and not asked for. */
  get unclaimed(): number {
    return this.#arrived.length;
  }

  next(): Promise<Accepted> {
    const arrived = this.#arrived.shift();
    return arrived === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(arrived);
  }

  close(): Promise<void> {
    return this.#listener!.close();
  }

  drain(): Promise<void> {
    return this.#listener!.drain();
  }
}

export interface StackPair {
  readonly near: Link;
  readonly far: Accepted;
  readonly dialer: Dialer;
  readonly listener: TestListener;
}

export async function stackPair(
  client: StreamSettings,
  server: StreamSettings,
  options: { readonly listen?: string; readonly dialer?: Partial<StreamDialerDeps> } = {},
): Promise<StackPair> {
  const listener = await TestListener.open(server, transportDeps(), options.listen);
  const dialer = createStreamDialer(client, { ...transportDeps(), ...options.dialer });
  const [near, far] = await Promise.all([dialer.dial(loopback(listener.port)), listener.next()]);
  return { near, far, dialer, listener };
}
