/** What dialers and listeners do to their UDP sockets. */
import type dgram from 'node:dgram';
import type { DatagramBuffer } from './packet.js';

/** What may wait in a socket that the kernel takes nothing from; more is dropped, and sent again like what is lost. */
const sendQueueLimitBytes = 4 * 1024 * 1024;

/** The default holds less than a hundred datagrams. The kernel gives what its limit allows. */
export function growReceiveBuffer(socket: dgram.Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // Some systems refuse what is over their limit; it works with less as well.
  }
}

/** Sends `datagram`, a view of `buffer`; `port` and `address` are absent for a connected socket. */
export function sendDatagram(
  socket: dgram.Socket,
  datagram: Uint8Array,
  buffer: DatagramBuffer,
  port?: number,
  address?: string,
): void {
  const waits = socket.getSendQueueCount() > 0;
  if (waits && socket.getSendQueueSize() > sendQueueLimitBytes) return;
  socket.send(datagram, port, address);
  // The kernel had no room: the socket still needs these bytes.
  if (waits || socket.getSendQueueCount() > 0) buffer.renew();
}
