/** Questions that were sent on one link, by their ids. */
import { type AddressQuestion, type AddressReply, decodeReply } from '../../../core/dns/message.js';
import { TsrayError } from '../../../core/errors.js';
import type { Exchange } from './server.js';

interface Waiting {
  readonly question: AddressQuestion;
  settle(result: AddressReply | TsrayError): void;
}

export class WaitingQuestions {
  readonly #waiting = new Map<number, Waiting>();
  readonly #idle: () => void;

  /** `idle` is called when the last question has its reply or was dropped. */
  constructor(idle: () => void) {
    this.#idle = idle;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(question: AddressQuestion): Exchange {
    const { id } = question;
    let settle: Waiting['settle'] = () => undefined;
    const reply = new Promise<AddressReply>((resolve, reject) => {
      settle = (result) => {
        if (this.#waiting.get(id)?.question !== question) return;
        this.#waiting.delete(id);
        if (result instanceof TsrayError) reject(result);
        else resolve(result);
        if (this.#waiting.size === 0) this.#idle();
      };
    });
    this.#waiting.set(id, { question, settle });
    const drop = (): void => settle(new TsrayError('ERR_ABORTED', 'nobody waits for the reply any more'));
    return { reply, drop };
  }

  has({ id }: AddressQuestion): boolean {
    return this.#waiting.has(id);
  }

  /**
   * A message from the server. What is no reply to a question that waits, damaged or made up by somebody else, is
   * passed over: the right one may still come.
   */
  received(message: Uint8Array): void {
    if (message.length < 2) return;
    const waiting = this.#waiting.get((message[0]! << 8) | message[1]!);
    if (waiting === undefined) return;
    let reply: AddressReply;
    try {
      reply = decodeReply(message, waiting.question);
    } catch {
      return;
    }
    waiting.settle(reply);
  }

  failAll(error: TsrayError): void {
    for (const waiting of [...this.#waiting.values()]) waiting.settle(error);
  }
}
