/** Asks name servers by c-ares (`Resolver` of node:dns): any number of queries at once, and no threads. */
import dns from 'node:dns';
import { parseAddress } from '../../core/net/address.js';
import { lookupGivenUp, noServer, type Outcome, type Query, serverFailed } from './outcome.js';

/** What is used of `dns.Resolver`. */
export interface DnsChannel {
  resolve4(name: string, callback: ChannelCallback): void;
  resolve6(name: string, callback: ChannelCallback): void;
  /** Every query under way ends with ECANCELLED. */
  cancel(): void;
}

export type ChannelCallback = (error: NodeJS.ErrnoException | null, addresses: string[]) => void;

export interface ChannelOptions {
  /** IPs, with a port or a zone; none: those that c-ares finds in the system's settings. */
  readonly servers: readonly string[];
  /** Until a query is sent again. It doubles with each try. */
  readonly timeoutMs: number;
  readonly tries: number;
}

/** A channel serves this many queries before the next takes its place, and with it another source port. */
const queriesPerChannel = 64;

export function openChannel({ servers, timeoutMs, tries }: ChannelOptions): DnsChannel {
  const resolver = new dns.Resolver({ timeout: timeoutMs, tries });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

export class NameServers {
  readonly #open: (options: ChannelOptions) => DnsChannel;
  #options: ChannelOptions | undefined;
  #channel: Channel | undefined;

  constructor(open: (options: ChannelOptions) => DnsChannel = openChannel) {
    this.#open = open;
  }

  /** Other `options` than before (another object) are obeyed from this query on. */
  ask(name: string, family: 'ipv4' | 'ipv6', options: ChannelOptions): Query {
    const current = this.#channel;
    const usable = current !== undefined && this.#options === options && current.asked < queriesPerChannel;
    const channel = usable ? current : new Channel(this.#open(options));
    this.#channel = channel;
    this.#options = options;
    return channel.ask(name, family);
  }
}

/** One c-ares channel. It is cancelled once nobody waits for any of its queries, which frees its sockets and timers. */
class Channel {
  readonly #dns: DnsChannel;
  #waitedFor = 0;
  #underWay = 0;
  asked = 0;

  constructor(channel: DnsChannel) {
    this.#dns = channel;
  }

  ask(name: string, family: 'ipv4' | 'ipv6'): Query {
    this.asked += 1;
    this.#waitedFor += 1;
    this.#underWay += 1;
    let settle: (outcome: Outcome) => void = () => undefined;
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve;
    });
    let waitedFor = true;
    const leave = (): void => {
      if (!waitedFor) return;
      waitedFor = false;
      this.#waitedFor -= 1;
      if (this.#waitedFor === 0 && this.#underWay > 0) this.#dns.cancel();
    };
    const answered: ChannelCallback = (error, addresses) => {
      this.#underWay -= 1;
      settle(error === null ? found(addresses) : failure(name, error));
      leave();
    };
    try {
      if (family === 'ipv4') this.#dns.resolve4(name, answered);
      else this.#dns.resolve6(name, answered);
    } catch (error) {
      answered(error as NodeJS.ErrnoException, []);
    }
    const drop = (): void => {
      settle({ kind: 'failed', error: lookupGivenUp(name) });
      leave();
    };
    return { outcome, drop };
  }
}

function found(texts: readonly string[]): Outcome {
  const addresses = texts.map(parseAddress);
  return addresses.length === 0 ? { kind: 'missing' } : { kind: 'found', addresses };
}

function failure(name: string, error: NodeJS.ErrnoException): Outcome {
  switch (error.code) {
    case dns.NOTFOUND:
    case dns.NODATA:
    case dns.BADNAME:
      return { kind: 'missing', cause: error };
    case dns.SERVFAIL:
    case dns.REFUSED:
    case dns.FORMERR:
    case dns.NOTIMP:
    case dns.BADRESP:
      return { kind: 'failed', error: serverFailed(name, error) };
    default:
      return { kind: 'failed', error: noServer(name, error) };
  }
}
