/** Datagram sockets with options that Node cannot set. */
import type { BindPackets } from '../../contract/transport.js';
import type { OwnSocketOptions } from '../socket/own-socket.js';
import { bindPackets } from './bind.js';

export function bindPacketsWith(ownSocket: OwnSocketOptions): BindPackets {
  return (family, options = {}) => bindPackets(family, { ...options, ...ownSocket });
}
