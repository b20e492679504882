/** A DNS server on this machine that answers as a test says. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';

export interface Reply {
  /** RCODE; 0 if absent. */
  readonly rcode?: number;
  readonly answers?: readonly Answer[];
  /** The flag that sends a client to TCP. */
  readonly truncated?: boolean;
}

/** undefined: silence. */
export type Answering = (question: Question, query: Packet) => Reply | undefined;

export interface NameServer {
  readonly port: number;
  /** `name TYPE` of each query so far. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** `127.0.0.1` for IPv4 questions, nothing for others. */
export const loopbackOnly: Answering = ({ name, type }) =>
  type === 'A' ? { answers: [{ type: 'A', name, ttl: 60, data: '127.0.0.1' }] } : {};

export async function startNameServer(answering: Answering = loopbackOnly): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (bytes, remote) => {
    const reply = replyTo(bytes, answering, asked);
    if (reply !== undefined) socket.send(reply, remote.port, remote.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  // A test may ask a thousand names at once.
  socket.setRecvBufferSize(4 << 20);
  return {
    port: socket.address().port,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** The reply to a query in bytes; undefined for silence. */
export function replyTo(bytes: Uint8Array, answering: Answering, asked: string[] = []): Buffer | undefined {
  const query = decode(Buffer.from(bytes));
  const question = query.questions![0]!;
  asked.push(`${question.name} ${question.type}`);
  const reply = answering(question, query);
  if (reply === undefined) return undefined;
  const encoded = encode({
    type: 'response',
    id: query.id!,
    // Recursion available and desired; the rcode is in the lowest bits.
    flags: 0x0180 | (reply.rcode ?? 0) | (reply.truncated === true ? 0x0200 : 0),
    questions: [question],
    answers: [...(reply.answers ?? [])],
  });
  return encoded;
}
