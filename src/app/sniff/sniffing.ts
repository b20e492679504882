/** What an inbound's `sniffing` makes of its clients' first bytes: all sniffers in one. */
import type { Sniffed } from '../../contract/route-query.js';
import type { PacketSniffer, Sniffer, Sniffing, SniffStep } from '../../contract/sniffer.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { GeoData } from '../geo/geo-data.js';
import { createDomainMatcher } from '../router/match/domain.js';
import { domainNameOf } from '../router/match/domain-name.js';
import { createIpMatcher } from '../router/match/ip.js';
import { ipNumberOf } from '../router/match/ip-number.js';
import { sniffBittorrent } from './bittorrent.js';
import { sniffHttp1 } from './http1.js';
import { createQuicSniffer } from './quic.js';
import type { SniffingSettings } from './settings.js';
import { sniffTls } from './tls.js';

/** Addresses that stand for names, such as those of fake DNS. */
export interface FakeNames {
  /** The name behind a fake address; undefined for any other. */
  nameOf(host: string): string | undefined;
}

export interface SniffingDeps {
  readonly crypto: CryptoProvider;
  readonly geo: GeoData;
  /** Absent: there are no fake addresses. */
  readonly fakeNames?: FakeNames | undefined;
}

/** V2Ray's: two reads of up to 100 ms. A server that speaks first is heard after that. */
const waitMs = 200;
/** v2ray 5's; a ClientHello of 9 KB is in it. */
const limitBytes = 32_768;

const more: SniffStep = { state: 'more' };
const no: SniffStep = { state: 'no' };

const streamSniffers: readonly Sniffer[] = [sniffHttp1, sniffTls, sniffBittorrent];

/** The first that knows its protocol; `no` when none can any more, which is when waiting has to end. */
export const sniffStream: Sniffer = (bytes, network) => {
  let state: SniffStep = no;
  for (const sniffer of streamSniffers) {
    const step = sniffer(bytes, network);
    if (step.state === 'found') return step;
    if (step.state === 'more') state = more;
  }
  return state;
};

/** For the datagrams of one session. */
export function createPacketSniffer(crypto: CryptoProvider): PacketSniffer {
  let quic: PacketSniffer | undefined = createQuicSniffer(crypto);
  let first = true;
  return {
    push(packet) {
      if (first) {
        first = false;
        const step = sniffBittorrent(packet, 'udp');
        if (step.state === 'found') return step;
      }
      const step = quic?.push(packet) ?? no;
      if (step.state !== 'more') quic = undefined;
      return step;
    },
  };
}

/** Throws ERR_CONFIG_GEO if a list of what is excluded cannot be had. */
export function createSniffing(settings: SniffingSettings, deps: SniffingDeps): Sniffing {
  const { metadataOnly, overrides, routeOnly } = settings;
  const excluded = createDomainMatcher(settings.domainsExcluded, deps.geo);
  const keptAddresses = createIpMatcher(settings.ipsExcluded, deps.geo);
  return {
    stream: metadataOnly ? () => no : sniffStream,
    packets: () => (metadataOnly ? undefined : createPacketSniffer(deps.crypto)),
    metadata: ({ destination }) => fakeName(deps.fakeNames, destination.address.host),
    overrides({ domain, domainProtocol, protocol }, target) {
      const told = domainProtocol ?? protocol;
      if (domain === undefined || !overrides.some((word) => told.startsWith(word))) return false;
      if (excluded.size > 0 && excluded.matches(domainNameOf(domain))) return false;
      // A fake address leads nowhere.
      if (told === 'fakedns' || target.kind === 'domain') return true;
      return !keptAddresses.matches(ipNumberOf(target));
    },
    routeOnly,
    waitMs: metadataOnly ? 0 : waitMs,
    limitBytes,
  };
}

function fakeName(fakeNames: FakeNames | undefined, host: string): Sniffed | undefined {
  const domain = fakeNames?.nameOf(host);
  return domain === undefined ? undefined : { protocol: 'fakedns', domain };
}
