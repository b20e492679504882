/** A server that is sent DNS messages: ids, deadline, and what a reply means. */
import type { DnsAnswer } from '../../../contract/dns.js';
import type { Clock } from '../../../core/clock.js';
import { type AddressQuestion, type AddressReply, encodeQuery } from '../../../core/dns/message.js';
import type { AddressType } from '../../../core/dns/packet.js';
import { TsrayError } from '../../../core/errors.js';
import type { Address } from '../../../core/net/address.js';
import type { RandomSource } from '../../../core/random.js';
import { exchangeFailed, type MessageChannel, type NameServer } from './server.js';

export interface MessageServerOptions {
  /** As the configuration names it. */
  readonly name: string;
  readonly channel: MessageChannel;
  /** Where a reply that was cut short is asked for again. */
  readonly whole?: MessageChannel;
  readonly clientIp?: Address | undefined;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly timeoutMs?: number;
}

/** V2Ray's, for each server. */
const defaultTimeoutMs = 4000;

/** More than this at once are refused: an id has two bytes, and a free one is to be found by chance. */
const maxUnderWay = 4096;

/** Of an answer that says nothing about its life, such as an empty one without an SOA record. */
const silentTtlSeconds = 60;

/** RFC 2308, section 5: that there is no such name is believed for three hours at most. */
const maxNegativeTtlSeconds = 3 * 3600;

export class MessageServer implements NameServer {
  readonly #options: MessageServerOptions;
  readonly #timeoutMs: number;
  readonly #ids = new Set<number>();
  #underWay = 0;

  constructor(options: MessageServerOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  }

  async ask(name: string, family: AddressType): Promise<DnsAnswer> {
    if (this.#underWay >= maxUnderWay) {
      throw new TsrayError('ERR_DNS', `${name} was not looked up: ${maxUnderWay} others are waiting`);
    }
    this.#underWay += 1;
    try {
      const { channel, whole } = this.#options;
      const reply = await this.#exchange(channel, name, family);
      return answerOf(
        reply.truncated && whole !== undefined ? await this.#exchange(whole, name, family) : reply,
      );
    } catch (error) {
      throw exchangeFailed(name, error);
    } finally {
      this.#underWay -= 1;
    }
  }

  close(): void {
    this.#options.channel.close();
    this.#options.whole?.close();
  }

  #exchange(channel: MessageChannel, name: string, type: AddressType): Promise<AddressReply> {
    const id = channel.usesIds ? this.#freeId() : 0;
    const question: AddressQuestion = { id, name, type };
    const { reply, drop } = channel.exchange(question, encodeQuery(question, this.#options.clientIp));
    return new Promise<AddressReply>((resolve, reject) => {
      const timer = this.#options.clock.setTimer(this.#timeoutMs, () => {
        reject(this.#silent(name));
        drop();
      });
      const settled = (): void => {
        timer.cancel();
        this.#ids.delete(id);
      };
      reply.finally(settled).then(resolve, reject);
    });
  }

  #freeId(): number {
    for (;;) {
      const id = this.#options.random.below(0x1_0000);
      if (this.#ids.has(id)) continue;
      this.#ids.add(id);
      return id;
    }
  }

  #silent(name: string): TsrayError {
    const { name: server } = this.#options;
    return new TsrayError(
      'ERR_DNS',
      `${name} could not be resolved: ${server} did not answer within ${this.#timeoutMs / 1000} s`,
      { hint: 'Can the server be reached by the outbound that its queries take?' },
    );
  }
}

function answerOf({ addresses, rcode, ttlSeconds = silentTtlSeconds }: AddressReply): DnsAnswer {
  const negative = addresses.length === 0;
  return {
    rcode,
    addresses,
    ttlSeconds: negative ? Math.min(ttlSeconds, maxNegativeTtlSeconds) : ttlSeconds,
  };
}
