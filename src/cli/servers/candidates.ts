/** The servers that a command line names: by a link, a subscription's URL or file, or a configuration. */
import { readFile, stat } from 'node:fs/promises';
import type { OutboundSettings, Settings } from '../../config/settings.js';
import { decodeLooseBase64Text } from '../../config/share-link/base64.js';
import { settingsOfOutbound } from '../../config/share-link/outbound-settings.js';
import { parseShareLink, type ShareLink } from '../../config/share-link/share-link.js';
import type { SubscriptionEntry } from '../../config/subscription/entry.js';
import { readImportLink } from '../../config/subscription/import-link.js';
import { parseSubscription } from '../../config/subscription/parse-subscription.js';
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
  /** Of a server that speaks another protocol. */
  readonly protocol?: string;
}

export interface Candidates {
  readonly servers: readonly Candidate[];
  readonly useless: readonly UselessLine[];
  /** What a subscription from the web says of itself. */
  readonly profile?: SubscriptionProfile;
}

/** What `[servers]` of the commands may be. */
export const serversHelp =
  'vmess:// link, URL or file of a subscription, @FILE with one of them in it, or - for standard input';

/** Of `--file`. */
export const fileHelp = 'read [servers] from this file, which keeps them out of lists of processes';

export function noServersNamed(): TsrayError {
  return new TsrayError('ERR_USAGE', '<servers> is missing', {
    hint: '`tsray help connect` shows what is possible.',
  });
}

/** `[servers]`, or the file of `--file`, of which there may be one; undefined if there is none. Throws ERR_USAGE. */
export function serversGiven(given: string | undefined, file: string | undefined): string | undefined {
  if (file === undefined) return given;
  if (given === undefined) return `@${file}`;
  throw new TsrayError('ERR_USAGE', 'servers are named twice, by an argument and by --file');
}

/** Reads a link, a URL, a file, or standard input (`-`). Rejects with ERR_LINK, ERR_SUBSCRIPTION or ERR_USAGE. */
export async function readCandidates(given: string): Promise<Candidates> {
  if (given === '-') return candidatesOfText(await readStandardInput());
  if (given.length > 1 && given.startsWith('@')) return candidatesOfText(await readList(given.slice(1)));
  const named = await candidatesOfName(given, 0);
  if (named !== undefined) return named;
  // Something is wrong with its scheme. The name of a file would get into a message, ID and all.
  if (/[\da-f]{8}-[\da-f]{4}-/i.test(given) && !isBareLink(given)) return single(given);
  if (isBareLink(given)) {
    throw new TsrayError('ERR_LINK', 'the link has lost its beginning', {
      hint: 'Put "vmess://" in front of it.',
    });
  }
  return candidatesOfText(await readList(given));
}

/** Of a link, an address or an import link; undefined for another text. */
async function candidatesOfName(given: string, depth: number): Promise<Candidates | undefined> {
  if (/^\s*["'<]?vmess(?::|%3a|：)/i.test(given)) return single(given);
  if (/^https?:\/\//i.test(given)) {
    const { entries, ...profile } = await fetchSubscription(given);
    return { ...candidatesIn(entries), profile };
  }
  if (/^https?:/i.test(given)) {
    throw new TsrayError('ERR_USAGE', 'expected "https://" and a host, found a URL without one');
  }
  const inner = depth < 3 ? readImportLink(given) : undefined;
  if (inner === '')
    throw new TsrayError('ERR_SUBSCRIPTION', 'the import link holds no address that can be read');
  if (inner !== undefined) return candidatesOfName(inner, depth + 1);
  // Says what is wrong with other schemes.
  return /^[a-z][a-z\d+.-]+:\/\//i.test(given) ? single(given) : undefined;
}

async function candidatesOfText(text: string): Promise<Candidates> {
  const trimmed = text.trim();
  const isOneLine = !/[\r\n]/.test(trimmed);
  if (isOneLine && (/^https?:\/\//i.test(trimmed) || readImportLink(trimmed) !== undefined)) {
    return (await candidatesOfName(trimmed, 0)) ?? single(trimmed);
  }
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
    if (error instanceof TsrayError) throw error;
    if (mayBeAddress(path)) {
      throw new TsrayError('ERR_USAGE', 'there is no such file, and no link or URL begins like that', {
        hint: 'Put "https://" in front of the address of a subscription.',
      });
    }
    throw cannotRead(path, error, 'A link begins with "vmess://"; a configuration is named with -c.');
  }
}

/** Up to this many are checked before any is used; checking takes ten times as long as reading. */
const mostChecked = 2000;

/** An address without its scheme; its path or its query may be a password, which no message may hold. */
function mayBeAddress(path: string): boolean {
  return /[?&=@]/.test(path) || /^[\w-]+(?:\.[\w-]+)+(?::\d+)?\/\S+$/.test(path);
}

function candidatesIn(entries: readonly SubscriptionEntry[]): Candidates {
  const servers: Candidate[] = [];
  const useless: UselessLine[] = [];
  const read = entries.length > mostChecked ? uncheckedCandidate : candidateOfLink;
  for (const entry of entries) {
    if ('error' in entry) {
      useless.push(entry);
      continue;
    }
    try {
      servers.push(read(entry.link));
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

/** Its settings are read when they are asked for, which may throw ERR_LINK. */
function uncheckedCandidate(link: ShareLink): Candidate {
  const { settings, streamSettings } = link.outbound;
  const [{ address, port }] = settings.vnext;
  const { network = 'tcp', security } = streamSettings ?? {};
  let outbounds: readonly OutboundSettings[] | undefined;
  return {
    name: link.name,
    server: formatHostPort(address, port),
    transport: transportName(network, security === 'tls'),
    get outbounds() {
      outbounds ??= [settingsOfOutbound(link.outbound)];
      return outbounds;
    },
    warnings: link.warnings,
    link,
  };
}

function transportName(network: string, tls: boolean): string {
  const carrier = network === 'http' ? 'h2' : network;
  return tls ? `${carrier}+tls` : carrier;
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
  return {
    name,
    server: server === undefined ? '' : formatHostPort(server.address.host, server.port),
    transport: transportName(network, tls !== undefined),
    outbounds: [outbound],
    warnings,
  };
}
