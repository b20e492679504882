/** Calls of the API by @grpc/grpc-js, with messages as tables of fields. */
import * as grpc from '@grpc/grpc-js';
import { decodeMessage, encodeMessage, type Message, type MessageType } from '../../src/app/api/message.js';

const same = (value: Buffer): Buffer => value;

/** Rejects with grpc-js's error (`code`, `details`). */
export function callRaw(address: string, path: string, bytes: Buffer, token?: string): Promise<Buffer> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
  });
  const metadata = new grpc.Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const options = { deadline: Date.now() + 10_000 };
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, bytes, metadata, options, (error, answer) => {
      client.close();
      if (error !== null || answer === undefined) reject(error ?? new Error('no answer'));
      else resolve(answer);
    });
  });
}

export async function callApi(
  address: string,
  path: string,
  type: MessageType,
  request: Message,
  answer: MessageType = {},
): Promise<Message> {
  return decodeMessage(answer, await callRaw(address, path, encodeMessage(type, request)));
}

/** A stream of answers to one request, until `close`. */
export function followApi(
  address: string,
  path: string,
  bytes: Buffer,
): { readonly stream: grpc.ClientReadableStream<Buffer>; close(): void } {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const stream = client.makeServerStreamRequest(path, same, same, bytes);
  stream.on('error', () => undefined);
  return {
    stream,
    close() {
      stream.cancel();
      client.close();
    },
  };
}
