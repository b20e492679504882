/** The addresses of a server, of which one is to be found that answers. */
import type dgram from 'node:dgram';
import { toTsrayError } from '../../core/errors.js';
import { Failures } from '../../core/failures.js';
import type { Address } from '../../core/net/address.js';
import { interleaveFamilies } from '../../core/net/happy-eyeballs.js';
import { connectDatagrams } from '../datagram/datagram-socket.js';
import type { OwnSocketOptions } from '../socket/own-socket.js';

/** Later addresses of a long answer are not tried. */
const maxCandidates = 8;

export interface Candidate {
  readonly address: Address;
  /** Connected: what comes from elsewhere is dropped by the kernel. */
  readonly socket: dgram.Socket;
}

export interface CandidateOptions {
  /** In order of preference, at least one. */
  readonly addresses: readonly Address[];
  readonly port: number;
  /** Local IP of the sockets. */
  readonly localAddress: Address | undefined;
  readonly ownSocket?: OwnSocketOptions | undefined;
  /** Whose addresses these are: `example.com:443`. */
  readonly where: string;
}

export class Candidates {
  readonly #options: CandidateOptions;
  readonly #addresses: readonly Address[];
  #tried = 0;

  constructor(options: CandidateOptions) {
    this.#options = options;
    this.#addresses = interleaveFamilies(options.addresses).slice(0, maxCandidates);
  }

  /** There are addresses that were not tried. */
  get left(): boolean {
    return this.#tried < this.#addresses.length;
  }

  /** A socket, the caller's, for the next address that can be sent to. Rejects if there is none. */
  async next(): Promise<Candidate> {
    const { port, localAddress, ownSocket, where } = this.#options;
    const failures = new Failures();
    while (this.left) {
      const address = this.#addresses[this.#tried]!;
      this.#tried += 1;
      try {
        return { address, socket: await connectDatagrams(address, port, localAddress, where, ownSocket) };
      } catch (error) {
        failures.add(toTsrayError(error, 'ERR_DIAL_FAILED'));
      }
    }
    throw failures.combine();
  }
}
