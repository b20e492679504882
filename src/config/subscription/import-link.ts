/** Links that tell a program to import a subscription: the address inside. */
import { decodeLooseBase64Text } from '../share-link/base64.js';
import { withoutWrapping } from '../share-link/copied-text.js';
import { forEachPair, percentDecode } from '../share-link/percent.js';
import { schemeOf } from '../share-link/share-link.js';

const programs = new Set(
  (
    'clash clashmeta clash-meta clash-verge clashx clashforandroid mihomo flclash stash surge surge3 surge4 surfboard egern loon ' +
    'shadowrocket quantumult quantumult-x v2rayng v2rayn v2raytun v2box sing-box singbox hiddify hiddifynext hiddify-next ' +
    'karing nekobox nekoray sn happ streisand husi exclave throne furious foxray sub'
  ).split(' '),
);

/** Parameters that hold the address. */
const parameters = ['url', 'sub', 'subscription', 'nodelist', 'link', 'config', 'server', 'remote-resource'];

/** Of addresses and files. */
const noProgram = /^(?:https?|wss?|file|ftp|data|tg|mailto|otpauth)$/;

/**
 * The address, link or list that an import link holds (`clash://install-config?url=…`, `sub://…`); empty if it is one and
 * holds none; undefined for any other text.
 */
export function readImportLink(text: string): string | undefined {
  const link = withoutWrapping(text);
  const scheme = /^([a-z][a-z\d-]{1,30}):\//i.exec(link)?.[1]?.toLowerCase();
  if (scheme === undefined || noProgram.test(scheme) || schemeOf(link) !== undefined) return undefined;
  const address = addressOf(link, scheme);
  // A program that is not known may mean anything by a link without an address.
  return address === '' && !programs.has(scheme) ? undefined : address;
}

function addressOf(link: string, scheme: string): string {
  const rest = link.slice(scheme.length + 1).replace(/^\/{1,2}/, '');
  // The address as it is, behind `import/` or `add/`: its query and fragment are its own.
  const [, bare] = /(?:^|\/)((?:https?|vmess|sub):\/\/.*)$/is.exec(beforeQuery(rest)) ?? [];
  if (bare !== undefined) return addressIn(rest.slice(rest.indexOf(bare.slice(0, 8))));
  const unencoded = unencodedAddress(rest);
  if (unencoded !== undefined) return unencoded;
  const found = new Map<string, string>();
  forEachPair(queryOf(rest), (name, value) => found.set(name.replace(/^amp;/i, '').toLowerCase(), value));
  for (const name of parameters) {
    const address = addressIn(found.get(name) ?? '');
    if (address !== '') return address;
  }
  const [path = ''] = rest.split(/[?#]/);
  return addressIn(path.replace(/^(?:import|add|install-config|install-sub|subscribe)\//i, ''));
}

/** An address that was not encoded keeps its own parameters; a name behind them is the link's. */
function unencodedAddress(rest: string): string | undefined {
  const found = /[?&](?:url|sub|subscription|link)=(?=https?:\/\/)/i.exec(rest);
  if (found === null) return undefined;
  const address = rest.slice(found.index + found[0].length);
  const own = /[?&#]/.exec(address)?.[0];
  return own === '?' ? address.replace(/&(?:name|remarks?|title)=[^&#]*/i, '') : undefined;
}

function beforeQuery(text: string): string {
  const mark = text.search(/[?#]/);
  return mark < 0 ? text : text.slice(0, mark);
}

function queryOf(text: string): string {
  const query = text.indexOf('?');
  if (query < 0) return '';
  const hash = text.indexOf('#', query);
  return text.slice(query + 1, hash < 0 ? undefined : hash);
}

/** Empty if there is none. It may be encoded, in base64, or in Quantumult X's JSON. */
function addressIn(given: string): string {
  for (const text of [given, percentDecode(given), decodeLooseBase64Text(given) ?? '']) {
    const trimmed = text.trim();
    if (/^(?:https?|vmess|sub):\/\//i.test(trimmed)) return trimmed;
    const [, inner] = /^\{[\s\S]{0,200}?"(https?:\/\/[^",\s]+)/.exec(trimmed) ?? [];
    if (inner !== undefined) return inner;
  }
  return '';
}
