/** Datagrams of an mKCP client without a seed and header, made by hand. */
import { systemRandom } from '../../src/core/random.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { createPacketHeader } from '../../src/transport/datagram/packet-header.js';
import { DatagramBuffer, PacketWriter } from '../../src/transport/kcp/packet.js';
import { createProtection } from '../../src/transport/kcp/protection.js';
import { segmentCommand, writeControl, writeData } from '../../src/transport/kcp/segment.js';

export class PlainSealer {
  readonly #conversation: number;
  readonly #writer: PacketWriter;
  #last: Uint8Array = new Uint8Array(0);

  constructor(conversation = 1) {
    this.#conversation = conversation;
    this.#writer = new PacketWriter(
      'none',
      createPacketHeader('none', systemRandom),
      createProtection(undefined, nodeCrypto, systemRandom),
      new DatagramBuffer(),
      (datagram) => {
        this.#last = datagram.slice();
      },
    );
  }

  /** One byte of data, or what `bytes` says. */
  data(
    fields: { readonly number: number; readonly sendingNext: number },
    bytes: Uint8Array = Buffer.from('x'),
  ): Uint8Array {
    const { room, start } = this.#writer;
    const all = { conversation: this.#conversation, option: 0, timestamp: 0, ...fields };
    this.#writer.finish(writeData(room, start, all, bytes, bytes.length));
    return this.#last;
  }

  /** The same with so many segments of a stranger's behind it that the datagram has `bytes` bytes. */
  padded(fields: { readonly number: number; readonly sendingNext: number }, bytes: number): Uint8Array {
    const room = new Uint8Array(bytes + 4);
    const all = { conversation: this.#conversation, option: 0, timestamp: 0, ...fields };
    writeData(room, 6, all, Buffer.from('x'), 1);
    const protection = createProtection(undefined, nodeCrypto, systemRandom);
    const words = new Uint32Array(Math.ceil(room.length / 4));
    const aligned = new Uint8Array(words.buffer);
    aligned.set(room);
    return aligned.slice(0, protection.seal(aligned, words, 0, bytes));
  }

  terminate(): Uint8Array {
    const { room, start } = this.#writer;
    const command = segmentCommand.terminate;
    const fields = { option: 0, sendingNext: 0, receivingNext: 0, peerRto: 100 };
    this.#writer.finish(writeControl(room, start, { conversation: this.#conversation, command, ...fields }));
    return this.#last;
  }
}
