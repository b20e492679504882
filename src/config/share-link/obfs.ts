/** `obfs` and what belongs to it: the transport as Shadowrocket and Quantumult name it, with a Host or headers. */
import { isLooseObject, parseLooseObject } from './loose-json.js';
import type { LinkValues } from './values.js';

interface Meaning {
  readonly network: string;
  readonly headerType?: string;
  readonly tls?: true;
}

const meanings: Readonly<Record<string, Meaning>> = {
  none: { network: 'tcp' },
  // A head before TCP, where HTTP/2 is `h2`.
  http: { network: 'tcp', headerType: 'http' },
  websocket: { network: 'ws' },
  ws: { network: 'ws' },
  wss: { network: 'ws', tls: true },
  'over-tls': { network: 'tcp', tls: true },
};

/** Brings `obfs` under the names of the URL form. A word that is not known is left as the transport, to be refused. */
export function readObfs(values: LinkValues): void {
  const word = values.take('obfs').toLowerCase();
  if (word === '' || (values.take('network') !== '' && word === 'none')) return;
  const { headerType = '', network, tls } = meanings[word] ?? { network: word };
  values.replace('network', network);
  if (headerType !== '') values.replace('headerType', headerType);
  if (tls === true) values.replace('tls', 'tls');
  if (/^m?kcp$/.test(network) && values.take('seed') === '') {
    values.replace('seed', values.exact('path'));
    values.replace('path', '');
  }
}

/** A Host; a JSON object of headers; or `Host: a[Rr][Nn]Accept: b`, with `|` between them in Surge's form. */
export function readHeaderList(values: LinkValues): void {
  const given = values.take('obfsParam');
  if (given === '') return;
  if (given.startsWith('{')) {
    readHeaderObject(given, values);
    return;
  }
  const lines = given.split(/\[rr\]\[nn\]|\\r\\n|[\r\n|]+/i).map((line) => line.trim());
  if (!/^[\w-]+\s*:(?!\d+$)/.test(lines[0] ?? '')) {
    values.set('host', given);
    return;
  }
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) setHeader(line.slice(0, colon).trim(), line.slice(colon + 1).trim(), values);
  }
}

function readHeaderObject(given: string, values: LinkValues): void {
  const object = parseLooseObject(given);
  // Left as a header nobody knows, so that the link is refused.
  if (object === undefined) values.set('obfsParam.header', given);
  for (const [name, value] of object?.members ?? []) {
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    if (isLooseObject(value) || Array.isArray(value)) continue;
    if (name.toLowerCase() === 'header') values.set('headerType', text);
    else if (name.toLowerCase() === 'seed') values.set('seed', text);
    else setHeader(name, text, values);
  }
}

/** What every browser sends says nothing about the server. */
const usual =
  /^(?:user-agent|accept|accept-encoding|accept-language|connection|pragma|cache-control|upgrade)$/i;

function setHeader(name: string, value: string, values: LinkValues): void {
  const text = value.replace(/^"|"$/g, '');
  if (/^host$/i.test(name)) values.set('host', text);
  else if (!usual.test(name)) values.setField(name, text);
}
