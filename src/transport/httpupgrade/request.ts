/** The server's half of the handshake: the client's request and the answer to it. Pure. */
import { TsrayError } from '../../core/errors.js';
import { encodeHead, fieldText } from '../../core/http1/fields.js';
import type { RequestHead } from '../../core/http1/head.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { decodeEarlyData } from '../http1/early-data.js';
import { asksForUpgrade, hostMatches, maxHeadBytes, pathMatches, refusal } from '../http1/upgrade-server.js';
import type { HttpUpgradeSettings } from './settings.js';

const switching = encodeHead('HTTP/1.1 101 Switching Protocols', [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
]);

export interface AcceptedRequest {
  readonly head: RequestHead;
  /** What precedes the raw bytes; may be empty. */
  readonly early: Uint8Array;
}

export type RequestSettings = Pick<HttpUpgradeSettings, 'path' | 'requiredHost' | 'earlyDataHeaderName'>;

export class RequestHandshake implements Handshake<AcceptedRequest> {
  readonly #decoder = HeadDecoder.request(maxHeadBytes);
  readonly #settings: RequestSettings;
  readonly #nowMs: () => number;

  constructor(settings: RequestSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  push(bytes: Uint8Array): HandshakeStep<AcceptedRequest> {
    const step = this.#decoder.push(bytes);
    if (step.kind === 'more') return step;
    if (step.kind === 'failed') return this.#refused(`it is no HTTP request: ${step.error.message}`);
    const { head } = step;
    if (!asksForUpgrade(head)) return this.#refused('it is no upgrade');
    if (!hostMatches(head, this.#settings.requiredHost)) return this.#refused('it asks for another host');
    if (!pathMatches(head.target, this.#settings.path)) return this.#refused('it asks for another path');
    const name = this.#settings.earlyDataHeaderName.toLowerCase();
    const early = decodeEarlyData(fieldText(head.fields, name) ?? '') ?? new Uint8Array(0);
    return { kind: 'done', value: { head, early }, rest: step.rest, reply: switching };
  }

  #refused(reason: string): HandshakeStep<AcceptedRequest> {
    return { kind: 'failed', error: new TsrayError('ERR_PROTOCOL', reason), reply: refusal(this.#nowMs()) };
  }
}
