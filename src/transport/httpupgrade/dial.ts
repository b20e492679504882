/** Dials httpupgrade: a request as for WebSocket but without its key, then raw bytes both ways. */
import type { Destination } from '../../core/net/destination.js';
import { divideFirstWrite, encodePaddedEarlyData } from '../common/early-data.js';
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
import type { HttpUpgradeSettings } from './settings.js';

const name = 'httpupgrade';
const none = new Uint8Array(0);

export const createHttpUpgradeDialer: CreateFramedDialer<HttpUpgradeSettings> = (settings, carrier, deps) => {
  const { earlyDataHeaderName, host, sendsEarly } = settings;
  const startLine = `GET ${requestTarget(settings.path)} HTTP/1.1`;
  const ownFields = configuredFields(settings.headers);
  const maxInHeader = sendsEarly || earlyDataHeaderName === '' ? 0 : settings.maxEarlyData;

  const begin = (destination: Destination, where: string, first: Uint8Array): Upgrade => {
    const { early, rest } = divideFirstWrite(first, maxInHeader, false);
    const inHeader: readonly Field[] =
      early.length === 0 ? [] : [[goCase(earlyDataHeaderName), encodePaddedEarlyData(early)]];
    const request = encodeHead(
      startLine,
      requestFields(host ?? destinationHost(destination, carrier.secure), [
        ...ownFields,
        ...inHeader,
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ]),
    );
    const handshake = new ResponseHandshake({ where, name });
    // Xray's `ed`: the first data do not wait for the answer.
    if (sendsEarly) return { opening: Buffer.concat([request, first]), handshake, rest: none };
    return { opening: request, handshake, rest };
  };

  return createUpgradeDialer({
    links: carrier.links,
    clock: deps.clock,
    early: sendsEarly || maxInHeader > 0,
    begin,
    wrap: (link) => link,
    name,
  });
};
