/** `localhost`: the system's resolver. */
import type { DnsAnswer, Resolver } from '../../../contract/dns.js';
import { rcodes } from '../../../core/dns/packet.js';
import { TsrayError } from '../../../core/errors.js';
import type { NameServer } from './server.js';

/** The system does not say how long its answers hold, and keeps them itself if it wants to. */
const ttlSeconds = 60;

export class LocalServer implements NameServer {
  readonly #resolver: Resolver;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  async ask(name: string, family: 'ipv4' | 'ipv6'): Promise<DnsAnswer> {
    try {
      const addresses = await this.#resolver.resolve(name, family);
      return { rcode: rcodes.noError, addresses, ttlSeconds };
    } catch (error) {
      const rcode = negative(error);
      if (rcode === undefined) throw error;
      return { rcode, addresses: [], ttlSeconds };
    }
  }

  close(): void {}
}

/** The response code, if the error is an answer that there is no such name or address. */
function negative(error: unknown): number | undefined {
  if (!(error instanceof TsrayError) || error.code !== 'ERR_DNS') return undefined;
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOTFOUND') return rcodes.nameError;
  return code === 'ENODATA' ? rcodes.noError : undefined;
}
