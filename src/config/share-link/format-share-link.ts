/** Writes share links of servers. */
import { linkFault } from './fault.js';
import {
  fieldsOfInbound,
  fieldsOfOutbound,
  type NotedFields,
  type VmessInbound,
  type VmessOutbound,
} from './from-settings.js';
import { settingsOfOutbound } from './outbound-settings.js';
import { type LinkStyle, writeLink } from './write.js';

/** How a link is written. */
export interface FormatOptions {
  /** What people see. Default: the outbound's tag. */
  readonly name?: string;
  /** Default `v2rayn`, which every client reads. */
  readonly style?: LinkStyle;
}

/** A link and what it leaves out. */
export interface WrittenLink {
  readonly name: string;
  readonly text: string;
  /** Settings that are not in the link, a sentence each without a full stop. */
  readonly notes: readonly string[];
}

/**
 * The share link of an entry of V2Ray's `outbounds` with one server and one user, such as `parseShareLink` gives. Throws
 * a TsrayError ERR_LINK if it is no valid VMess outbound or cannot be said in a link.
 */
export function formatShareLink(outbound: object, options: FormatOptions = {}): string {
  const settings = settingsOfOutbound(outbound);
  if (settings.protocol !== 'vmess') {
    throw linkFault(`expected a vmess outbound, found protocol "${settings.protocol}"`);
  }
  const links = linksOfOutbound(settings, options);
  const [link] = links;
  if (link === undefined || links.length > 1) {
    throw linkFault(`expected one server with one user, found ${links.length}: a link holds one`);
  }
  return link.text;
}

/** A link for each user of each server. Throws ERR_LINK for a transport that links cannot name. */
export function linksOfOutbound(outbound: VmessOutbound, options: FormatOptions = {}): WrittenLink[] {
  return fieldsOfOutbound(outbound, options.name ?? outbound.tag).map((each) => written(each, options));
}

/** Links for the clients of a server that is reached at `address`: one for each user and port. */
export function linksOfInbound(
  inbound: VmessInbound,
  address: string,
  options: FormatOptions = {},
): WrittenLink[] {
  return fieldsOfInbound(inbound, address, options.name ?? inbound.tag).map((each) => written(each, options));
}

function written({ fields, notes }: NotedFields, { style = 'v2rayn' }: FormatOptions): WrittenLink {
  const legacy = style === 'url' && fields.alterId !== 0;
  return {
    name: fields.name,
    text: writeLink(fields, style),
    notes: legacy ? [...notes, 'most readers of this form take alterId for 0'] : notes,
  };
}
