/** Dials ws: the upgrade request as V2Ray writes it, early data in all three forms. */
import type { Destination } from '../../core/net/destination.js';
import { divideFirstWrite, encodeEarlyData } from '../common/early-data.js';
import type { CreateFramedDialer } from '../common/framing.js';
import { encodeHead, type Field } from '../common/http-head.js';
import { createUpgradeDialer, type Upgrade } from '../common/upgrade-dialer.js';
import {
  configuredFields,
  destinationHost,
  goCase,
  requestFields,
  requestTarget,
} from '../common/upgrade-request.js';
import { ResponseHandshake } from '../common/upgrade-response.js';
import { acceptValue } from './accept.js';
import { WsLink } from './link.js';
import type { WsSettings } from './settings.js';

const keyBytes = 16;

export const createWsDialer: CreateFramedDialer<WsSettings> = (settings, carrier, deps) => {
  const { clock, crypto, random } = deps;
  const { earlyDataHeaderName, earlyDataWhole, heartbeatSeconds, host, maxEarlyData } = settings;
  const target = requestTarget(settings.path);
  const ownFields = configuredFields(settings.headers);

  const begin = (destination: Destination, where: string, first: Uint8Array): Upgrade => {
    const { early, rest } = divideFirstWrite(first, maxEarlyData, earlyDataWhole);
    const text = encodeEarlyData(early);
    const inPath = earlyDataHeaderName === '' ? text : '';
    const inHeader: readonly Field[] =
      earlyDataHeaderName === '' || text === '' ? [] : [[goCase(earlyDataHeaderName), text]];
    const key = Buffer.from(random.fill(new Uint8Array(keyBytes))).toString('base64');
    const fields = requestFields(host ?? destinationHost(destination, carrier.secure), [
      ...ownFields,
      ...inHeader,
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', key],
      ['Sec-WebSocket-Version', '13'],
      ['Upgrade', 'websocket'],
    ]);
    return {
      opening: encodeHead(`GET ${target}${inPath} HTTP/1.1`, fields),
      handshake: new ResponseHandshake({
        where,
        name: 'ws',
        // Early data in Sec-WebSocket-Protocol has an answer or none, and neither says anything.
        check: (answer) => {
          if (answer.get('sec-websocket-accept') !== acceptValue(key, crypto)) return 'its key is wrong';
          return answer.has('sec-websocket-extensions') ? 'it wants an extension' : undefined;
        },
      }),
      rest,
    };
  };

  return createUpgradeDialer({
    links: carrier.links,
    clock,
    early: maxEarlyData > 0,
    begin,
    wrap: (link) => new WsLink(link, { clock, keys: random, heartbeatMs: heartbeatSeconds * 1000 }),
    name: 'ws',
  });
};
