/** What a ws server makes of a request. Pure. */
import type { CryptoProvider } from '../../crypto/provider.js';
import { decodeEarlyData } from '../common/early-data.js';
import { encodeHead, type Field, type RequestHead } from '../common/http-head.js';
import type { CheckedRequest } from '../common/upgrade-listen.js';
import { requestTarget } from '../common/upgrade-request.js';
import { asksForUpgrade, hostMatches, pathMatches } from '../common/upgrade-server.js';
import { acceptValue } from './accept.js';
import type { WsSettings } from './settings.js';

const none = new Uint8Array(0);

/** The field whose value is early data for Xray, whatever the settings say. */
const protocolField = 'sec-websocket-protocol';

export function checkRequest(
  head: RequestHead,
  settings: Pick<WsSettings, 'path' | 'host' | 'maxEarlyData' | 'earlyDataHeaderName'>,
  crypto: Pick<CryptoProvider, 'sha1'>,
): CheckedRequest {
  const { fields, target } = head;
  const key = fields.get('sec-websocket-key') ?? '';
  if (!asksForUpgrade(head)) return refused('it is no upgrade to WebSocket');
  // 16 bytes in base64.
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return refused('it has no key');
  if (fields.get('sec-websocket-version') !== '13')
    return refused('it asks for another version of WebSocket');
  if (!hostMatches(head, settings.host)) return refused('it asks for another host');
  const inPath = settings.maxEarlyData > 0 && settings.earlyDataHeaderName === '';
  const early = inPath
    ? earlyInPath(target, settings.path)
    : earlyInField(head, settings.path, settings.earlyDataHeaderName);
  if (early === undefined) return refused('it asks for another path');
  return { kind: 'accepted', early, reply: reply(acceptValue(key, crypto), fields.get(protocolField)) };
}

/** v2ray's path form: early data follows the path, with nothing between. */
function earlyInPath(target: string, path: string): Uint8Array | undefined {
  const expected = requestTarget(path);
  if (target.startsWith(expected)) return decodeEarlyData(target.slice(expected.length));
  return pathMatches(target, path) ? none : undefined;
}

/** In the configured field, or in the one that Xray's clients use without being asked to, and nobody else sends. */
function earlyInField(head: RequestHead, path: string, name: string): Uint8Array | undefined {
  if (!pathMatches(head.target, path)) return undefined;
  const text = head.fields.get(name.toLowerCase()) ?? head.fields.get(protocolField) ?? '';
  return decodeEarlyData(text) ?? none;
}

/** The 101 as V2Ray writes it. A browser insists on an answer to the protocols it offers. */
function reply(accept: string, protocol: string | undefined): Uint8Array {
  const echo: readonly Field[] = protocol === undefined ? [] : [['Sec-WebSocket-Protocol', protocol]];
  return encodeHead('HTTP/1.1 101 Switching Protocols', [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', accept],
    ...echo,
  ]);
}

function refused(reason: string): CheckedRequest {
  return { kind: 'refused', reason };
}
