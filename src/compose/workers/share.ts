/** Which inbounds all worker threads serve, and why the others stay in the main thread. */
import type { InboundSettings, Settings } from '../../config/settings.js';
import { loadNative } from '../../native/load.js';

/** Undefined: it can be shared. Otherwise why not, for a message. */
export function whyNotShared(inbound: InboundSettings, settings: Settings): string | undefined {
  const { allocation, listen, stream } = inbound;
  if (listen.startsWith('/') || listen.startsWith('@') || stream.network === 'domainsocket') {
    return 'it listens on a Unix socket';
  }
  if (stream.network === 'kcp' || stream.network === 'quic') return `${stream.network} is carried by UDP`;
  if (allocation.strategy === 'random' || detoursOf(settings).has(inbound.tag))
    return 'its ports are dynamic';
  if (inbound.protocol === 'vmess' && inbound.settings.detourTo !== undefined) return 'its ports are dynamic';
  if (inbound.protocol === 'socks' && inbound.settings.udp) return 'it serves UDP';
  if (inbound.protocol === 'dokodemo-door' && inbound.settings.networks.includes('udp')) {
    return 'it serves UDP';
  }
  if (leadsToApi(inbound.tag, settings)) return 'it leads to the API';
  if (inbound.protocol === 'vmess' && inbound.settings.clients.some(({ limits }) => limits !== undefined)) {
    return 'the limits of its users are kept in one thread';
  }
  return undefined;
}

/** Undefined: threads can be used. Otherwise why not, for a message. */
export function whyNoThreads(settings: Settings, platform: string): string | undefined {
  if (platform !== 'linux') return 'only on Linux do threads share a port';
  if (loadNative().addon === undefined) return 'threads share a port by the addon, and it is not there';
  const { bridges, portals } = settings.reverse;
  if (bridges.length + portals.length > 0) return '"reverse" keeps its connections in one thread';
  if (settings.dns !== undefined && settings.dns.fakePools.length > 0) {
    return 'the addresses of "fakedns" are known in one thread';
  }
  return undefined;
}

function detoursOf({ inbounds }: Settings): ReadonlySet<string> {
  return new Set(
    inbounds.flatMap(({ protocol, settings }) => (protocol === 'vmess' ? (settings.detourTo ?? []) : [])),
  );
}

function leadsToApi(tag: string, { api, routing }: Settings): boolean {
  if (api === undefined || tag === '') return false;
  return routing.rules.some(
    ({ conditions, target }) =>
      target.kind === 'outbound' &&
      target.tag === api.tag &&
      (conditions.inboundTags === undefined || conditions.inboundTags.includes(tag)),
  );
}
