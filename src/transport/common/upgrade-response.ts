/** The client's half of an upgrade: the server's answer. Pure. */
import { TsrayError } from '../../core/errors.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { type Fields, HeadReader, listHas, parseResponseHead } from './http-head.js';
import { refused } from './upgrade-error.js';

export interface ResponseOptions {
  /** The server, for messages. */
  readonly where: string;
  /** The transport's name, for messages. */
  readonly name: string;
  /** What is wrong with a 101 beyond Connection and Upgrade; undefined: nothing. */
  check?(fields: Fields): string | undefined;
}

export class ResponseHandshake implements Handshake<undefined> {
  readonly #reader = new HeadReader();
  readonly #options: ResponseOptions;

  constructor(options: ResponseOptions) {
    this.#options = options;
  }

  /** Fails with ERR_UPSTREAM for another answer than 101, with ERR_PROTOCOL for what is no such answer. */
  push(bytes: Uint8Array): HandshakeStep<undefined> {
    const { check, name, where } = this.#options;
    const step = this.#reader.push(bytes);
    if (step.kind === 'more') return { kind: 'more' };
    if (step.kind === 'tooLong') return this.#failed('its answer has no end');
    const head = parseResponseHead(step.lines);
    if (head === undefined) return this.#failed('its answer is not HTTP');
    if (head.status !== 101) return { kind: 'failed', error: refused(where, head.status, name) };
    const { fields } = head;
    if (!listHas(fields.get('connection'), 'upgrade') || !listHas(fields.get('upgrade'), 'websocket')) {
      return this.#failed('its answer names another protocol');
    }
    const fault = check?.(fields);
    if (fault !== undefined) return this.#failed(fault);
    return { kind: 'done', value: undefined, rest: step.rest };
  }

  #failed(what: string): HandshakeStep<undefined> {
    const { name, where } = this.#options;
    const error = new TsrayError('ERR_PROTOCOL', `${where} did not upgrade the connection: ${what}`, {
      hint: `Does the server speak ${name} on that port, with TLS or without as configured here?`,
    });
    return { kind: 'failed', error };
  }
}
