/** Which names only the system itself can look up, by nsswitch.conf(5) and the special names of RFC 6761 and 6762. */
import { hostKey, words } from './hosts-file.js';

/** The sources of the line `hosts:`, in order, without their `[…]` actions. Empty if there is none. */
export function parseHostSources(text: string): readonly string[] {
  for (const line of text.split('\n')) {
    const [key, ...sources] = words(line.replace(/\[[^[\]]*\]/g, ' ').replace(':', ': '));
    if (key === 'hosts:') return sources;
  }
  return [];
}

/** What the C library does without nsswitch.conf. */
const defaultSources: readonly string[] = ['dns', 'files'];

/**
 * Sources that the hosts file and the name servers stand in for. `resolve` is systemd-resolved, which is the name
 * server of resolv.conf too, and `mdns…` and `myhostname` answer the names of `systemOnly`.
 */
const covered = /^(files|dns|resolve|myhostname|mdns\w*)$/;

/** Names of this machine's surroundings that systemd makes up. */
const madeUp: ReadonlySet<string> = new Set(['_gateway', '_outbound', '_localdnsstub', '_localdnsproxy']);

export interface NameService {
  /** Whether the system alone is asked for `name`. */
  systemOnly(name: string): boolean;
  /** Whether the system is asked for `name` once no name server knows it. */
  systemAfterwards(name: string): boolean;
}

/** `hostName` is this machine's own. */
export function createNameService(sources: readonly string[], hostName: string): NameService {
  const used = sources.length === 0 ? defaultSources : sources;
  const mdns = used.some((source) => source.startsWith('mdns'));
  const asksServers = used.some((source) => source === 'dns' || source === 'resolve');
  const others = used.filter((source) => !covered.test(source));
  const own = hostKey(hostName);
  return {
    systemOnly(name) {
      const key = hostKey(name);
      if (!asksServers || key === own || madeUp.has(key)) return true;
      return mdns && (key === 'local' || key.endsWith('.local'));
    },
    systemAfterwards(name) {
      // Containers of systemd-machined have names without dots.
      return others.some((source) => source !== 'mymachines' || !hostKey(name).includes('.'));
    },
  };
}

/** `localhost` and names below it, which never reach a name server (RFC 6761, section 6.3). */
export function isLocalhost(name: string): boolean {
  const key = hostKey(name);
  return key === 'localhost' || key.endsWith('.localhost');
}
