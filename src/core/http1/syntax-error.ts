import { TsrayError } from '../errors.js';

/** A message that HTTP does not allow. */
export class HttpSyntaxError extends TsrayError {
  /** What a server, or a proxy for the server behind it, answers to it. */
  readonly status: number;

  constructor(status: number, message: string) {
    super('ERR_PROTOCOL', message);
    this.status = status;
  }
}
