/** The client's half of the handshake: the server's answer. Pure. */
import { TsrayError } from '../../core/errors.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { HeadReader, listHas, parseResponseHead } from '../common/http-head.js';
import { refused } from '../common/upgrade-error.js';

export class ResponseHandshake implements Handshake<undefined> {
  readonly #reader = new HeadReader();
  readonly #where: string;

  /** `where`: the server, for messages. */
  constructor(where: string) {
    this.#where = where;
  }

  /** Fails with ERR_UPSTREAM for another answer than 101, with ERR_PROTOCOL for what is no such answer. */
  push(bytes: Uint8Array): HandshakeStep<undefined> {
    const step = this.#reader.push(bytes);
    if (step.kind === 'more') return { kind: 'more' };
    if (step.kind === 'tooLong') return this.#failed('its answer has no end');
    const head = parseResponseHead(step.lines);
    if (head === undefined) return this.#failed('its answer is not HTTP');
    if (head.status !== 101) {
      return { kind: 'failed', error: refused(this.#where, head.status, 'httpupgrade') };
    }
    if (
      !listHas(head.fields.get('connection'), 'upgrade') ||
      !listHas(head.fields.get('upgrade'), 'websocket')
    ) {
      return this.#failed('its answer names another protocol');
    }
    return { kind: 'done', value: undefined, rest: step.rest };
  }

  #failed(what: string): HandshakeStep<undefined> {
    const error = new TsrayError('ERR_PROTOCOL', `${this.#where} did not upgrade the connection: ${what}`, {
      hint: 'Does the server speak httpupgrade on that port, with TLS or without as configured here?',
    });
    return { kind: 'failed', error };
  }
}
