/** How this system resolves names: its files, looked at again while tsray runs. */
import { hostname } from 'node:os';
import type { Clock } from '../../core/clock.js';
import { hasGlobalIpv6 } from './both-families.js';
import { type HostsTable, parseHostsFile } from './hosts-file.js';
import type { ChannelOptions } from './name-servers.js';
import { createNameService, type NameService, parseHostSources } from './name-service.js';
import { parseResolvConf, type ResolvConf } from './resolv-conf.js';
import { WatchedFile } from './watched-file.js';

export interface ServerSettings extends ResolvConf {
  /** The same object for as long as resolv.conf does not change. */
  readonly channel: ChannelOptions;
}

export interface SystemSettings {
  /** Settings that are not in files: name servers are asked only when the system's own lookup is busy. */
  readonly prefersSystem: boolean;
  hosts(): HostsTable;
  servers(): ServerSettings;
  names(): NameService;
  /** Whether this machine has a way to IPv6 addresses. */
  usesIpv6(): boolean;
}

/** Sooner than the C library, whose 5 s make one lost packet felt. */
const tryTimeoutMs = 1000;
const tries = 4;

export function createSystemSettings(
  clock: Clock,
  platform: NodeJS.Platform = process.platform,
): SystemSettings {
  if (platform === 'win32' || platform === 'darwin') return systemApiSettings(clock, platform);
  const hosts = new WatchedFile('/etc/hosts', parseHostsFile, clock);
  const servers = new WatchedFile('/etc/resolv.conf', serverSettings, clock);
  const names = new WatchedFile(
    '/etc/nsswitch.conf',
    (text) => createNameService(parseHostSources(text), hostname()),
    clock,
  );
  return {
    prefersSystem: false,
    hosts: () => hosts.current(),
    servers: () => servers.current(),
    names: () => names.current(),
    usesIpv6: createIpv6Watch(clock),
  };
}

export function serverSettings(text: string): ServerSettings {
  const conf = parseResolvConf(text);
  return {
    ...conf,
    channel: {
      servers: conf.nameServers,
      timeoutMs: conf.timeoutSeconds === undefined ? tryTimeoutMs : conf.timeoutSeconds * 1000,
      tries: conf.attempts ?? tries,
    },
  };
}

/** Windows and macOS choose a name server by network and name; c-ares knows only the general ones. */
function systemApiSettings(clock: Clock, platform: 'win32' | 'darwin'): SystemSettings {
  const path = platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';
  const hosts = new WatchedFile(path, parseHostsFile, clock);
  const servers: ServerSettings = {
    nameServers: ['system'],
    search: [],
    ndots: 1,
    channel: { servers: [], timeoutMs: tryTimeoutMs, tries },
  };
  const names: NameService = {
    systemOnly: (name) => name.toLowerCase().endsWith('.local') || !name.includes('.'),
    systemAfterwards: () => false,
  };
  return {
    prefersSystem: true,
    hosts: () => hosts.current(),
    servers: () => servers,
    names: () => names,
    usesIpv6: createIpv6Watch(clock),
  };
}

/** Listing the interfaces costs more than a query; they do not change so often. */
const interfacesEveryMs = 5000;

function createIpv6Watch(clock: Clock): () => boolean {
  let value = false;
  let lookedAtMs: number | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (lookedAtMs === undefined || nowMs - lookedAtMs >= interfacesEveryMs) {
      lookedAtMs = nowMs;
      value = hasGlobalIpv6();
    }
    return value;
  };
}
