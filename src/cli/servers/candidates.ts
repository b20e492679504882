/** The servers that a command line names: by a link, a subscription's URL or file, or a configuration. */
import { readFile, stat } from 'node:fs/promises';
import type { OutboundSettings, Settings } from '../../config/settings.js';
import { decodeLooseBase64Text } from '../../config/share-link/base64.js';
import { settingsOfOutbound } from '../../config/share-link/outbound-settings.js';
import { parseShareLink, type ShareLink } from '../../config/share-link/share-link.js';
import { parseSubscription, type SubscriptionEntry } from '../../config/subscription/parse-subscription.js';
import type { SubscriptionProfile } from '../../config/subscription/profile.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import { maxSubscriptionBytes } from '../../library/fetch-text.js';
import { fetchSubscription } from '../../library/subscription.js';
import { cannotRead } from '../files.js';
import { readStandardInput } from '../link-text.js';

/** A server that can be tried. */
export interface Candidate {
  /** What its owner calls it; may be empty. */
  readonly name: string;
  /** `host:port` */
  readonly server: string;
  /** Such as `ws+tls`. */
  readonly transport: string;
  /** The first is the server; the others are what it may go through. */
  readonly outbounds: readonly OutboundSettings[];
  /** What its link asks for and is not done. */
  readonly warnings: readonly string[];
  /** Where it comes from one, and not from a configuration. */
  readonly link?: ShareLink;
}

/** One that cannot: a line of a subscription that is no link of ours. */
export interface UselessLine {
  /** From 1. */
  readonly line: number;
  readonly error: TsrayError;
}

export interface Candidates {
  readonly servers: readonly Candidate[];
  readonly useless: readonly UselessLine[];
  /** What a subscription from the web says of itself. */
  readonly profile?: SubscriptionProfile;
}

/** What `[servers]` and `<servers>` of the commands may be. */
export const serversHelp = 'vmess:// link, URL or file of a subscription, or - for standard input';

/** Reads a link, a URL, a file, or standard input (`-`). Rejects with ERR_LINK, ERR_SUBSCRIPTION or ERR_USAGE. */
export async function readCandidates(given: string): Promise<Candidates> {
  if (/^\s*vmess:/i.test(given)) return single(given);
  if (/^https?:\/\//i.test(given)) {
    const { entries, ...profile } = await fetchSubscription(given);
    return { ...candidatesIn(entries), profile };
  }
  // Says what is wrong with other schemes.
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(given)) return single(given);
  // Something is wrong with its scheme. The name of a file would get into a message, ID and all.
  if (/[\da-f]{8}-[\da-f]{4}-/i.test(given) && !isBareLink(given)) return single(given);
  if (isBareLink(given)) {
    throw new TsrayError('ERR_LINK', 'the link has lost its beginning', {
      hint: 'Put "vmess://" in front of it.',
    });
  }
  const text = given === '-' ? await readStandardInput() : await readList(given);
  // Mail programs break a long link into lines.
  if (/^\s*vmess:\/\/[\w+/=\s-]+$/i.test(text)) return single(text);
  return candidatesIn(parseSubscription(text));
}

/** What would be a link with its scheme; as the name of a file it would get into a message, ID and all. */
function isBareLink(text: string): boolean {
  if (/^[^/\s@]{32,}@[^/\s]+:\d/.test(text)) return true;
  return text.length > 40 && /^\s*\{|@/.test(decodeLooseBase64Text(text) ?? '');
}

function single(link: string): Candidates {
  return { servers: [candidateOfLink(parseShareLink(link))], useless: [] };
}

async function readList(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxSubscriptionBytes) throw new TsrayError('ERR_USAGE', `${path} is too long for links`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw error instanceof TsrayError
      ? error
      : cannotRead(path, error, 'A link begins with "vmess://"; a configuration is named with -c.');
  }
}

function candidatesIn(entries: readonly SubscriptionEntry[]): Candidates {
  const servers: Candidate[] = [];
  const useless: UselessLine[] = [];
  for (const entry of entries) {
    if ('error' in entry) {
      useless.push(entry);
      continue;
    }
    try {
      servers.push(candidateOfLink(entry.link));
    } catch (error) {
      useless.push({ line: entry.line, error: toTsrayError(error, 'ERR_LINK') });
    }
  }
  return { servers, useless };
}

/** Throws ERR_LINK. */
function candidateOfLink(link: ShareLink): Candidate {
  return { ...candidateOf(settingsOfOutbound(link.outbound), link.name, link.warnings), link };
}

/** Every server of every outbound that has some. */
export function candidatesOfSettings(settings: Settings): readonly Candidate[] {
  return settings.outbounds.flatMap((outbound) => {
    const others = settings.outbounds.filter((each) => each !== outbound);
    return singles(outbound).map((single) => ({
      ...candidateOf(single, outbound.tag, []),
      outbounds: [single, ...others],
    }));
  });
}

/** The outbound with one server each time, of those that have servers. */
function singles(outbound: OutboundSettings): readonly OutboundSettings[] {
  switch (outbound.protocol) {
    case 'vmess':
      return outbound.settings.servers.map((server) => ({
        ...outbound,
        settings: { ...outbound.settings, servers: [server] },
      }));
    case 'socks':
      return outbound.settings.servers.map((server) => ({
        ...outbound,
        settings: { ...outbound.settings, servers: [server] },
      }));
    case 'http':
      return outbound.settings.servers.map((server) => ({
        ...outbound,
        settings: { ...outbound.settings, servers: [server] },
      }));
    default:
      return [];
  }
}

function candidateOf(outbound: OutboundSettings, name: string, warnings: readonly string[]): Candidate {
  const [server] = 'servers' in outbound.settings ? outbound.settings.servers : [];
  const { network, tls } = outbound.stream;
  const carrier = network === 'http' ? 'h2' : network;
  return {
    name,
    server: server === undefined ? '' : formatHostPort(server.address.host, server.port),
    transport: tls === undefined ? carrier : `${carrier}+tls`,
    outbounds: [outbound],
    warnings,
  };
}
