/** The client's half of the handshake: the server's answer. Pure. */
import { TsrayError } from '../../core/errors.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { refused } from '../http1/upgrade-error.js';
import { maxHeadBytes, namesUpgrade } from '../http1/upgrade-server.js';

export class ResponseHandshake implements Handshake<undefined> {
  readonly #decoder = HeadDecoder.response(maxHeadBytes);
  readonly #where: string;

  /** `where`: the server, for messages. */
  constructor(where: string) {
    this.#where = where;
  }

  /** Fails with ERR_UPSTREAM for another answer than 101, with ERR_PROTOCOL for what is no such answer. */
  push(bytes: Uint8Array): HandshakeStep<undefined> {
    const step = this.#decoder.push(bytes);
    if (step.kind === 'more') return step;
    if (step.kind === 'failed') return this.#failed(`its answer is not HTTP: ${step.error.message}`);
    const { head } = step;
    if (head.status !== 101) {
      return { kind: 'failed', error: refused(this.#where, head.status, 'httpupgrade') };
    }
    if (!namesUpgrade(head.fields)) {
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
