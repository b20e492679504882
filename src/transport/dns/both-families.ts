/** Both families of a name, asked for at once, as Happy Eyeballs wants them (RFC 8305, sections 3 and 4). */
import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../../core/clock.js';
import { type AskFamily, lookupGivenUp, type Outcome, type Query } from './outcome.js';

/** How long IPv4 addresses wait for IPv6 ones that may be preferred: the Resolution Delay of RFC 8305. */
export const resolutionDelayMs = 50;

/**
 * How long IPv6 addresses wait for IPv4 ones. Longer, since who has no way to the IPv6 address needs the others, and
 * a caller is told once only.
 */
export const otherFamilyDelayMs = 1000;

/**
 * Addresses of either family are an answer. Without any, a server that fails for one family has failed. A machine
 * without a way to IPv6 addresses is not given any, unless the name has no others.
 */
export function askBothFamilies(name: string, ask: AskFamily, clock: Clock, usesIpv6: boolean): Query {
  return new BothFamilies(name, ask, clock, usesIpv6);
}

class BothFamilies implements Query {
  readonly outcome: Promise<Outcome>;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #queries: Query[] = [];
  #resolve: (outcome: Outcome) => void = () => undefined;
  #ipv4: Outcome | undefined;
  #ipv6: Outcome | undefined;
  #timer: Timer | undefined;
  #settled = false;

  constructor(name: string, ask: AskFamily, clock: Clock, usesIpv6: boolean) {
    this.#name = name;
    this.#clock = clock;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const askIpv6 = (): void => {
      const query = ask(name, 'ipv6');
      this.#queries.push(query);
      void query.outcome.then((outcome) => {
        this.#ipv6 = outcome;
        this.#arrived();
      });
    };
    if (usesIpv6) askIpv6();
    const query = ask(name, 'ipv4');
    this.#queries.push(query);
    void query.outcome.then((outcome) => {
      this.#ipv4 = outcome;
      if (usesIpv6 || this.#settled) this.#arrived();
      else if (outcome.kind === 'found') this.#finish();
      else askIpv6();
    });
  }

  drop(): void {
    this.#finish({ kind: 'failed', error: lookupGivenUp(this.#name) });
  }

  #arrived(): void {
    if (this.#settled) return;
    const first = this.#ipv4 ?? this.#ipv6;
    if (this.#ipv4 !== undefined && this.#ipv6 !== undefined) this.#finish();
    else if (first?.kind === 'found') {
      const delayMs = this.#ipv4 === undefined ? otherFamilyDelayMs : resolutionDelayMs;
      this.#timer = this.#clock.setTimer(delayMs, () => this.#finish());
    }
  }

  #finish(outcome = joined(this.#ipv4, this.#ipv6)): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#timer?.cancel();
    this.#resolve(outcome);
    for (const query of this.#queries) query.drop();
  }
}

const nothing: Outcome = { kind: 'missing' };

/** IPv6 first: `usesIpv6`, or there are no others. */
function joined(ipv4: Outcome = nothing, ipv6: Outcome = nothing): Outcome {
  const four = ipv4.kind === 'found' ? ipv4.addresses : [];
  const six = ipv6.kind === 'found' ? ipv6.addresses : [];
  if (four.length + six.length === 0) return ipv4.kind === 'failed' ? ipv4 : ipv6;
  return { kind: 'found', addresses: [...six, ...four] };
}

/** Whether this machine has an IPv6 address that reaches beyond it and its own wire (RFC 6724's choice, in short). */
export function hasGlobalIpv6(interfaces = networkInterfaces()): boolean {
  return Object.values(interfaces).some((addresses) =>
    addresses?.some(
      ({ address, family, internal }) =>
        family === 'IPv6' && !internal && !/^fe[89ab]/.test(address.toLowerCase()),
    ),
  );
}
