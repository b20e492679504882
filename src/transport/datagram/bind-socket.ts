/** Binds a datagram socket, which the addon makes if it needs options that Node cannot set. */
import type dgram from 'node:dgram';
import { parseAddress } from '../../core/net/address.js';
import { asksForOwnSocket, type OwnSocketOptions, openOwnSocket, socketFlag } from '../socket/own-socket.js';

export interface BindPlace {
  /** An IP address of the socket's family. */
  readonly address: string;
  readonly port: number;
  /** With `::`: IPv4 too. */
  readonly dualStack?: boolean;
}

/** Calls `bound`, or emits `error` on the socket. */
export function bindSocket(
  socket: dgram.Socket,
  { address, port, dualStack = false }: BindPlace,
  ownSocket: OwnSocketOptions,
  bound: () => void,
): void {
  if (!asksForOwnSocket(ownSocket)) {
    socket.bind({ address, port, exclusive: true }, bound);
    return;
  }
  try {
    const flags = socketFlag.datagram | socketFlag.bind | (dualStack ? socketFlag.dualStack : 0);
    socket.bind({ fd: openOwnSocket(parseAddress(address), port, ownSocket, flags), exclusive: true }, bound);
  } catch (error) {
    socket.emit('error', error);
  }
}
