/** What a ws server makes of a request: refused, or accepted with its early data. Pure. */
import { fieldText } from '../../core/http1/fields.js';
import type { RequestHead } from '../../core/http1/head.js';
import { decodeEarlyData } from '../http1/early-data.js';
import { requestTarget } from '../http1/upgrade-request.js';
import { asksForUpgrade, hostMatches, pathMatches } from '../http1/upgrade-server.js';
import { protocolHeader } from './constants.js';
import type { WsSettings } from './settings.js';

export type CheckedRequest =
  /** `reason`: for our log. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** `early`: what precedes the first message; may be empty. */
  | { readonly kind: 'accepted'; readonly early: Uint8Array };

const none = new Uint8Array(0);

export function checkRequest(
  head: RequestHead,
  settings: Pick<WsSettings, 'path' | 'requiredHost' | 'maxEarlyData' | 'earlyDataHeaderName'>,
): CheckedRequest {
  if (!asksForUpgrade(head)) return refused('it is no upgrade to WebSocket');
  if (!hostMatches(head, settings.requiredHost)) return refused('it asks for another host');
  if (settings.maxEarlyData > 0 && settings.earlyDataHeaderName === '') return inPath(head, settings.path);
  if (!pathMatches(head.target, settings.path)) return refused('it asks for another path');
  const name = settings.earlyDataHeaderName.toLowerCase();
  // Xray's clients use this one without being asked to; nobody else sends it.
  const text = fieldText(head.fields, name) ?? fieldText(head.fields, protocolHeader.toLowerCase()) ?? '';
  return { kind: 'accepted', early: decodeEarlyData(text) ?? none };
}

/** v2ray's path form: early data follows the path, with nothing between. */
function inPath(head: RequestHead, path: string): CheckedRequest {
  const target = requestTarget(path);
  if (!head.target.startsWith(target)) {
    return pathMatches(head.target, path)
      ? { kind: 'accepted', early: none }
      : refused('it asks for another path');
  }
  const early = decodeEarlyData(head.target.slice(target.length));
  return early === undefined
    ? refused('what follows the path is no early data')
    : { kind: 'accepted', early };
}

function refused(reason: string): CheckedRequest {
  return { kind: 'refused', reason };
}
