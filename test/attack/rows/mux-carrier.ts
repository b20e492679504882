/** A Mux connection made by hand, of a user with a valid ID who means ill. */
import { connect, type Socket } from 'node:net';
import {
  type BodyEncoder,
  createBodyEncoder,
  createVmessAccount,
  createVmessRequest,
  defaultCrypto,
  parseAddress,
  requestOption,
  systemRandom,
} from '../../../src/codec.js';
import { encodeFrameHeader, type FrameFields } from '../../../src/proxy/mux/frame.js';
import { parseUuid } from '../../../src/proxy/vmess/uuid.js';
import { attackerId } from '../cores.js';

/** A frame with data. */
export function muxFrame(fields: FrameFields, data: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(data.length);
  return Buffer.concat([encodeFrameHeader(fields, true), length, data]);
}

/** A New frame to 127.0.0.1. */
export function newSession(id: number, network: 'tcp' | 'udp', port: number, globalId?: Uint8Array): Buffer {
  const target = { network, address: parseAddress('127.0.0.1'), port };
  const more = globalId === undefined ? {} : { globalId };
  return muxFrame({ id, status: 'new', target, ...more }, Buffer.from('x'));
}

export class MuxCarrier {
  readonly socket: Socket;
  readonly #encoder: BodyEncoder;
  #envelope: Uint8Array | undefined;

  /** Reads nothing that the server sends. */
  constructor(port: number) {
    const crypto = defaultCrypto();
    const fields = {
      command: 'mux',
      destination: undefined,
      security: 'aes-128-gcm',
      options: requestOption.chunkStream | requestOption.chunkMasking,
    } as const;
    const account = createVmessAccount(crypto, parseUuid(attackerId)!, 0);
    const nowSeconds = (): number => Date.now() / 1000;
    const { envelope, keys } = createVmessRequest(fields, account, 'aead', {
      crypto,
      random: systemRandom,
      nowSeconds,
    });
    this.#envelope = envelope;
    const { requestKey, requestIv } = keys;
    this.#encoder = createBodyEncoder(
      fields,
      { key: requestKey, iv: requestIv, requestKey, requestIv },
      crypto,
      systemRandom,
    );
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('error', () => undefined);
    this.socket.pause();
  }

  send(frames: Uint8Array): void {
    const out = Buffer.alloc(this.#encoder.maxWireBytes(frames.length));
    const end = this.#encoder.encode(frames, out, 0);
    const wire = out.subarray(0, end);
    this.socket.write(this.#envelope === undefined ? wire : Buffer.concat([this.#envelope, wire]));
    this.#envelope = undefined;
  }
}
