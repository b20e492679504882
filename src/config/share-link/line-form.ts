/**
 * `name = vmess, host, port, …`: the line of Quantumult, Surge and Loon, and `vmess=host:port, …, tag=name` of Quantumult X.
 * Read only.
 */
import { readHeaderList, readObfs } from './obfs.js';
import { LinkValues } from './values.js';
import { isCipherWord } from './words.js';

/** Throws nothing: what is missing is missed when the fields are checked. */
export function readLineForm(line: string): LinkValues {
  const equals = line.indexOf('=');
  const before = line.slice(0, equals).trim();
  const items = splitItems(line.slice(equals + 1));
  const values = new LinkValues();
  const isX = before.toLowerCase() === 'vmess';
  const positional: string[] = [];
  for (const item of isX ? items : items.slice(1)) {
    const parts = /^([a-z][\w.-]*)\s*=(.*)$/is.exec(item);
    if (parts === null) positional.push(unquoted(item));
    else values.set(nameIn(isX, parts[1] ?? ''), unquoted(parts[2] ?? ''));
  }
  if (isX) readServer(positional[0] ?? '', values);
  else readPositional(positional, values);
  if (!isX) values.replace('name', unquoted(before));
  settle(values);
  return values;
}

/** Quantumult X has a name of its own for the ID. */
function nameIn(isX: boolean, name: string): string {
  return isX && name.toLowerCase() === 'password' ? 'id' : name;
}

function readServer(given: string, values: LinkValues): void {
  const colon = given.lastIndexOf(':');
  values.replace('address', colon < 0 ? given : given.slice(0, colon));
  values.replace('port', colon < 0 ? '' : given.slice(colon + 1));
}

/** host, port, cipher, ID; in Surge's line the last two have names. */
function readPositional([address = '', port = '', ...rest]: readonly string[], values: LinkValues): void {
  values.replace('address', address);
  values.replace('port', port);
  for (const item of rest) {
    if (isCipherWord(item)) values.set('encryption', item);
    else if (/^[\da-f-]{32,36}$/i.test(item)) values.set('id', item);
    else values.set(`transport ${item}`, item);
  }
}

function settle(values: LinkValues): void {
  values.set('network', values.take('type'));
  const surgeWs = values.take('wsFlag');
  if (/^(?:true|1)$/i.test(surgeWs)) values.replace('network', 'ws');
  readObfs(values);
  readHeaderList(values);
  // Loon's transport http is a head before TCP.
  if (values.take('network').toLowerCase() === 'http') {
    values.replace('network', 'tcp');
    values.replace('headerType', 'http');
  }
  values.replace('security', values.take('tls') || values.take('security'));
  // Surge sends no name then; the certificate is checked against the address all the same.
  if (values.take('sni').toLowerCase() === 'off') values.replace('sni', values.take('address'));
}

/** Commas in quotes do not separate. */
function splitItems(text: string): readonly string[] {
  const items: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    if (character !== undefined && (character !== ',' || quoted)) continue;
    items.push(text.slice(from, at).trim());
    from = at + 1;
  }
  return items.filter((item) => item !== '');
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^".*"$/s.test(trimmed) && trimmed.length > 1 ? trimmed.slice(1, -1) : trimmed;
}
