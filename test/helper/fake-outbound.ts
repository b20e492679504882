/** An outbound without a network: the test is the far end of every link. */
import type { ConnContext } from '../../src/contract/conn-context.js';
import type { Outbound } from '../../src/contract/outbound.js';
import { TsrayError } from '../../src/core/errors.js';
import type { Link, PacketLink } from '../../src/core/stream/link.js';
import { FakePackets } from './fake-packets.js';
import { ScriptedLink } from './scripted-link.js';

export class FakeOutbound implements Outbound {
  readonly tag: string;
  readonly contexts: ConnContext[] = [];
  readonly links: ScriptedLink[] = [];
  readonly packetContexts: ConnContext[] = [];
  readonly packetLinks: FakePackets[] = [];
  /** Errors of the next openings. */
  readonly failures: TsrayError[] = [];
  /** Openings wait until `proceed`; one whose signal is aborted is rejected. */
  hold = false;
  #waiting: (() => void)[] = [];
  closed = false;

  constructor(tag = 'fake') {
    this.tag = tag;
  }

  async open(context: ConnContext): Promise<Link> {
    this.contexts.push(context);
    if (this.hold) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        context.signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    if (context.signal?.aborted === true) throw new TsrayError('ERR_ABORTED', 'given up');
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const link = new ScriptedLink();
    this.links.push(link);
    return link;
  }

  proceed(): void {
    this.hold = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  openPackets(context: ConnContext): Promise<PacketLink> {
    this.packetContexts.push(context);
    const link = new FakePackets();
    this.packetLinks.push(link);
    return Promise.resolve(link);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
