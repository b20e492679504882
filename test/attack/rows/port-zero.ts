import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { PlainSealer } from '../../helper/kcp-sealer.js';
import type { Row } from '../row.js';
import { pause } from './pause.js';

/** Node has no raw sockets; perl is part of every Debian. Arguments: the packet in hex. */
const sendRaw = `use Socket; socket(my $s, PF_INET, SOCK_RAW, 17) or die "raw socket: $!";
send($s, pack("H*", $ARGV[0]), 0, pack_sockaddr_in(0, inet_aton("127.0.0.1"))) or die "send: $!";`;

function sendFromPortZero(port: number, payload: Uint8Array): void {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(port, 2);
  head.writeUInt16BE(8 + payload.length, 4);
  execFileSync('perl', ['-e', sendRaw, Buffer.concat([head, payload]).toString('hex')]);
}

/** A long header of a version that nobody speaks: QUIC answers it with Version Negotiation. */
function unknownVersion(): Buffer {
  const ids = [Buffer.from([8]), randomBytes(8), Buffer.from([8]), randomBytes(8)];
  const head = Buffer.concat([Buffer.from([0xc0, 0x1a, 0x2a, 0x3a, 0x4a]), ...ids]);
  return Buffer.concat([head, Buffer.alloc(1250 - head.length)]);
}

export const portZero: Row = {
  id: '1',
  title: 'datagrams from UDP source port 0',
  what:
    'Ten each of: a first mKCP segment, a segment of an mKCP session that does not exist, a QUIC packet of an unknown ' +
    'version. Each asks for an answer to port 0, which the system refuses to send.',
  way: 'socks',
  needsNamespace: true,
  async attack({ ports }) {
    for (let index = 0; index < 10; index += 1) {
      const sealer = new PlainSealer(0x1234 + index);
      sendFromPortZero(ports.kcp, sealer.data({ number: 0, sendingNext: 0 }));
      sendFromPortZero(ports.kcp, sealer.data({ number: 5, sendingNext: 5 }));
      sendFromPortZero(ports.quic, unknownVersion());
      await pause(100);
    }
    return '30 datagrams';
  },
};
