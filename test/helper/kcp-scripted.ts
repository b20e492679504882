/** An mKCP session whose peer is the test: segments by hand, time by hand. */
import {
  optionClosed,
  SegmentReader,
  segmentCommand,
  writeAck,
  writeControl,
  writeData,
} from '../../src/transport/kcp/segment.js';
import { KcpSession } from '../../src/transport/kcp/session.js';
import type { KcpSettings } from '../../src/transport/kcp/settings.js';
import { kcpLimits } from './kcp.js';

const conversation = 7;

/** A segment as the session sent it. */
export interface Sent {
  readonly kind: 'ack' | 'data' | 'terminate' | 'ping';
  readonly closed: boolean;
  readonly number: number;
  readonly sendingNext: number;
  readonly receivingNext: number;
  readonly receivingWindow: number;
  readonly timestamp: number;
  readonly numbers: readonly number[];
  readonly rtoMs: number;
  readonly text: string;
}

const kinds = ['ack', 'data', 'terminate', 'ping'] as const;

export class ScriptedPeer {
  readonly session: KcpSession;
  nowMs = 5_000;
  readonly #sent: Sent[] = [];
  #dueMs: number;

  constructor(settings: Partial<KcpSettings> = {}) {
    const room = new Uint8Array(2048);
    this.session = new KcpSession({
      conversation,
      limits: kcpLimits(settings),
      nowMs: this.nowMs,
      writer: { room, start: 0, finish: (end) => this.#sent.push(parse(room.slice(0, end))) },
    });
    this.#dueMs = this.nowMs + this.session.nextFlushMs;
  }

  /** What was sent since the last call. */
  take(): Sent[] {
    return this.#sent.splice(0);
  }

  /** Time passes; flushes come when the session asks for them. */
  pass(ms: number): this {
    const endMs = this.nowMs + ms;
    for (;;) {
      while (this.session.wantsFlush(this.nowMs)) this.flush();
      if (this.#dueMs > endMs || this.session.state === 'terminated') break;
      this.nowMs = this.#dueMs;
      this.flush();
    }
    this.nowMs = endMs;
    return this;
  }

  flush(): this {
    this.session.flush(this.nowMs);
    this.#dueMs = this.nowMs + this.session.nextFlushMs;
    return this;
  }

  write(text: string): this {
    this.session.write(Buffer.from(text));
    return this;
  }

  /** Everything that can be read. */
  read(): string {
    const into = new Uint8Array(65_536);
    return Buffer.from(into.subarray(0, this.session.read(into))).toString();
  }

  data(
    number: number,
    text: string,
    more: { sendingNext?: number; timestamp?: number; closed?: true } = {},
  ): this {
    const out = new Uint8Array(18 + text.length);
    const { sendingNext = 0, timestamp = 0 } = more;
    const fields = { conversation, option: option(more), timestamp, number, sendingNext };
    writeData(out, 0, fields, Buffer.from(text), text.length);
    return this.#give(out);
  }

  ack(
    numbers: readonly number[],
    more: { receivingNext?: number; window?: number; timestamp?: number; closed?: true } = {},
  ): this {
    const out = new Uint8Array(17 + numbers.length * 4);
    const { receivingNext = 0, window = 1000, timestamp = 0 } = more;
    const fields = { conversation, option: option(more), receivingWindow: window, receivingNext, timestamp };
    writeAck(out, 0, fields, Uint32Array.from(numbers), numbers.length);
    return this.#give(out);
  }

  ping(more: { sendingNext?: number; receivingNext?: number; rtoMs?: number; closed?: true } = {}): this {
    return this.#control(segmentCommand.ping, more);
  }

  terminate(): this {
    return this.#control(segmentCommand.terminate, {});
  }

  #control(
    command: number,
    more: { sendingNext?: number; receivingNext?: number; rtoMs?: number; closed?: true },
  ): this {
    const out = new Uint8Array(16);
    const { sendingNext = 0, receivingNext = 0, rtoMs = 100 } = more;
    writeControl(out, 0, {
      conversation,
      command,
      option: option(more),
      sendingNext,
      receivingNext,
      peerRto: rtoMs,
    });
    return this.#give(out);
  }

  #give(segments: Uint8Array): this {
    this.session.input(segments, this.nowMs);
    return this;
  }
}

function option(more: { closed?: true }): number {
  return more.closed === true ? optionClosed : 0;
}

function parse(datagram: Uint8Array): Sent {
  const reader = new SegmentReader();
  reader.reset(datagram);
  if (!reader.next()) throw new Error('the session sent something that is no segment');
  const kind = kinds[reader.command] ?? 'ping';
  const isData = kind === 'data';
  const isAck = kind === 'ack';
  return {
    kind,
    closed: (reader.option & optionClosed) !== 0,
    number: reader.number,
    sendingNext: reader.sendingNext,
    receivingNext: reader.receivingNext,
    receivingWindow: reader.receivingWindow,
    timestamp: reader.timestamp,
    numbers: isAck ? Array.from({ length: reader.count }, (_, index) => reader.ackNumber(index)) : [],
    rtoMs: reader.peerRto,
    text: isData ? Buffer.from(reader.data()).toString() : '',
  };
}
