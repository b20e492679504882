/** A dialer without a network: the test decides about each dial, or `auto` lets all succeed. */
import type { Dialer, DialOptions } from '../../src/contract/transport.js';
import { TsrayError } from '../../src/core/errors.js';
import type { Destination } from '../../src/core/net/destination.js';
import type { Link } from '../../src/core/stream/link.js';
import { ScriptedLink } from './scripted-link.js';

export class FakeDialer implements Dialer {
  readonly dialed: Destination[] = [];
  readonly links: ScriptedLink[] = [];
  /** Errors of the next dials; afterwards all succeed. */
  readonly failures: TsrayError[] = [];
  closed = false;

  dial(destination: Destination, options: DialOptions = {}): Promise<Link> {
    this.dialed.push(destination);
    if (options.signal?.aborted === true) return Promise.reject(new TsrayError('ERR_ABORTED', 'given up'));
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const link = new ScriptedLink();
    this.links.push(link);
    return Promise.resolve(link);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
