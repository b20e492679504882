/** Where freedom sends something: the redirect, the name's addresses, and whether they may be reached. */
import type { AddressFamily, Resolver } from '../../contract/dns.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, formatHostPort, parseAddress } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { isPrivateAddress } from '../../core/net/private-address.js';
import { allowsAll, type FindAddressList, mayReach, type Reached, withLists } from './final-rules.js';
import type { FreedomSettings } from './settings.js';

const familyOf: Record<FreedomSettings['domainStrategy'], AddressFamily> = {
  AsIs: 'any',
  UseIP: 'any',
  UseIPv4: 'ipv4',
  UseIPv6: 'ipv6',
  ForceIPv4: 'ipv4',
  ForceIPv6: 'ipv6',
};

export class Targets {
  readonly #settings: FreedomSettings;
  /** For names that are dialed as they are. */
  readonly #system: Resolver;
  /** For `UseIP` and its kin. */
  readonly #dns: Resolver;
  readonly #localKind: Address['kind'] | undefined;
  readonly #redirectAddress: Address | undefined;

  /** `local`: the address sockets are bound to (`sendThrough`), if any; it reaches its own family only. */
  constructor(
    settings: FreedomSettings,
    system: Resolver,
    dns: Resolver,
    local?: Address,
    findList?: FindAddressList,
  ) {
    const { finalRules } = settings;
    this.#settings =
      finalRules === undefined ? settings : { ...settings, finalRules: withLists(finalRules, findList) };
    this.#system = system;
    this.#dns = dns;
    this.#localKind = local === undefined || isUnspecified(local) ? undefined : local.kind;
    const host = settings.redirect?.host;
    this.#redirectAddress = host === undefined ? undefined : parseAddress(host);
  }

  /** `destination` with the configured redirect applied. */
  redirected(destination: Destination): Destination {
    const { redirect } = this.#settings;
    if (redirect === undefined) return destination;
    return {
      network: destination.network,
      address: this.#redirectAddress ?? destination.address,
      port: redirect.port ?? destination.port,
    };
  }

  /** Whether the address that names lead to decides about them. */
  get needsAddresses(): boolean {
    const { blockPrivate, domainStrategy, finalRules } = this.#settings;
    return domainStrategy !== 'AsIs' || blockPrivate || !(finalRules === undefined || allowsAll(finalRules));
  }

  /** What the addresses of a destination are remembered under: with rules they may differ from port to port. */
  keyOf({ address, port }: Destination): string {
    return this.#settings.finalRules === undefined ? address.host : formatHostPort(address.host, port);
  }

  /** Whether an IP address may be reached. */
  allows(reached: Reached): boolean {
    return this.#blockedBy(reached) === undefined;
  }

  #blockedBy(reached: Reached): 'blockPrivate' | 'finalRules' | undefined {
    const { blockPrivate, finalRules } = this.#settings;
    if (blockPrivate && isPrivateAddress(reached.address)) return 'blockPrivate';
    return finalRules === undefined || mayReach(finalRules, reached) ? undefined : 'finalRules';
  }

  /**
   * The IP addresses to try for a target, in order of preference, at least one. A name that has none of the
   * strategy's family is tried with any, as V2Ray does. Rejects with ERR_DNS, ERR_BLOCKED or ERR_ABORTED.
   * `bySystem`: the DNS client must not be asked, since it waits for this connection itself.
   */
  async resolve(target: Reached, signal?: AbortSignal, bySystem = false): Promise<readonly Address[]> {
    const { address } = target;
    const isName = address.kind === 'domain';
    const found = isName ? this.#reachable(await this.#lookUp(address.host, signal, bySystem)) : [address];
    const allowed = found.filter((candidate) => this.allows({ ...target, address: candidate }));
    if (allowed.length > 0) return allowed;
    throw blocked(target, this.#blockedBy({ ...target, address: found[0]! }));
  }

  async #lookUp(
    name: string,
    signal: AbortSignal | undefined,
    bySystem: boolean,
  ): Promise<readonly Address[]> {
    const { domainStrategy } = this.#settings;
    const family = familyOf[domainStrategy];
    const first = domainStrategy === 'AsIs' || bySystem ? this.#system : this.#dns;
    try {
      return await first.resolve(name, family, signal);
    } catch (error) {
      const final = domainStrategy.startsWith('Force') || (family === 'any' && first === this.#system);
      if (final || !(error instanceof TsrayError && error.code === 'ERR_DNS')) throw error;
      return this.#system.resolve(name, 'any', signal);
    }
  }

  /** If none is of the local address's family, all stay, and dialing them tells what is wrong. */
  #reachable(addresses: readonly Address[]): readonly Address[] {
    const own = addresses.filter(({ kind }) => kind === this.#localKind);
    return own.length === 0 ? addresses : own;
  }
}

/** `0.0.0.0` or `::`: any address of this machine. */
export function isUnspecified(address: Address): boolean {
  return address.host === '0.0.0.0' || address.host === '::';
}

function blocked({ address, port }: Reached, by: 'blockPrivate' | 'finalRules' | undefined): TsrayError {
  if (by === 'finalRules') {
    return new TsrayError('ERR_BLOCKED', `${formatHostPort(address.host, port)} is blocked by finalRules`, {
      hint: 'If it shall be reachable, put an "allow" rule in front of the others in "finalRules".',
    });
  }
  const what = address.kind === 'domain' ? 'leads to a private address' : 'is a private address';
  return new TsrayError('ERR_BLOCKED', `${address.host} ${what}, which blockPrivate refuses`, {
    hint: 'If it shall be reachable, set "blockPrivate" of this freedom outbound to false.',
  });
}
