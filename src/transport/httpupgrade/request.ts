/** What an httpupgrade server makes of a request. Pure. */
import { decodeEarlyData } from '../common/early-data.js';
import { encodeHead, type RequestHead } from '../common/http-head.js';
import type { CheckedRequest } from '../common/upgrade-listen.js';
import { asksForUpgrade, hostMatches, pathMatches } from '../common/upgrade-server.js';
import type { HttpUpgradeSettings } from './settings.js';

const reply = encodeHead('HTTP/1.1 101 Switching Protocols', [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
]);

const none = new Uint8Array(0);

/** Path and host are compared as Xray and sing-box do; v2ray looks at neither. */
export function checkRequest(
  head: RequestHead,
  settings: Pick<HttpUpgradeSettings, 'path' | 'host' | 'earlyDataHeaderName'>,
): CheckedRequest {
  if (!asksForUpgrade(head)) return { kind: 'refused', reason: 'it is no upgrade' };
  if (!hostMatches(head, settings.host)) return { kind: 'refused', reason: 'it asks for another host' };
  if (!pathMatches(head.target, settings.path))
    return { kind: 'refused', reason: 'it asks for another path' };
  const text = head.fields.get(settings.earlyDataHeaderName.toLowerCase()) ?? '';
  return { kind: 'accepted', reply, early: decodeEarlyData(text) ?? none };
}
