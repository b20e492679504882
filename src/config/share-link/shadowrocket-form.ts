/** Shadowrocket's form: base64 of `encryption:ID@host:port`, with a query beside it. Read only. */
import { percentDecode, queryPairs } from './percent.js';
import { type LinkParts, readAuthority } from './url-form.js';
import { LinkValues } from './values.js';

const networks: Readonly<Record<string, string>> = { websocket: 'ws', http: 'tcp', none: 'tcp', mkcp: 'kcp' };

/** `authority` is what the base64 held. Throws ERR_LINK. */
export function readShadowrocketForm(authority: string, { query, fragment }: LinkParts): LinkValues {
  const given = new LinkValues();
  const names: string[] = [];
  for (const [name, value] of queryPairs(query)) {
    given.set(name, value);
    names.push(name);
  }
  const obfs = given.take('obfs').toLowerCase();
  const parameter = given.take('obfsParam');
  const values = new LinkValues();
  for (const name of names) {
    if (!/^obfs(?:Param)?$/i.test(name)) values.set(name, given.exact(name));
  }
  readAuthority(authority, values);
  values.set('type', networks[obfs] ?? obfs);
  values.set('name', percentDecode(fragment) || given.take('remarks', 'remark'));
  values.set('security', given.take('tls', 'security'));
  if (obfs === 'http') values.set('headerType', 'http');
  readParameter(parameter, values);
  if (obfs === 'kcp' || obfs === 'mkcp') values.set('seed', values.take('seed') || given.take('path'));
  values.take('tls', 'udp');
  return values;
}

/** A Host, or a JSON object of header names and values. */
function readParameter(parameter: string, values: LinkValues): void {
  if (!parameter.startsWith('{')) {
    if (parameter !== '') values.set('host', parameter);
    return;
  }
  let entries: [string, unknown][] = [];
  try {
    entries = Object.entries(JSON.parse(parameter) as object);
  } catch {
    values.set('obfsParam', parameter);
  }
  for (const [name, value] of entries) {
    if (typeof value === 'string') values.set(name.toLowerCase() === 'header' ? 'headerType' : name, value);
  }
}
