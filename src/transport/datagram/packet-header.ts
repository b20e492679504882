/**
 * What datagrams of mKCP and QUIC begin with to look like another protocol (docs/wire-format.md,
 * section 19.1). Receivers skip these bytes unread.
 *
 *     srtp           B5 E8 ‖ u16 counter
 *     utp            u16 connection ‖ 01 00
 *     wechat-video   A1 08 ‖ u32 counter ‖ 00 10 11 18 30 22 30
 *     dtls           17 FE FD ‖ u16 epoch ‖ 00 00 ‖ u32 sequence ‖ u16 length
 *     wireguard      04 00 00 00
 */
import type { RandomSource } from '../../core/random.js';

export type PacketHeaderType = 'none' | 'srtp' | 'utp' | 'wechat-video' | 'dtls' | 'wireguard';

/** Bytes of each header. */
export const headerBytes: Readonly<Record<PacketHeaderType, number>> = {
  none: 0,
  srtp: 4,
  utp: 4,
  'wechat-video': 13,
  dtls: 13,
  wireguard: 4,
};

/** Writes one connection's headers, one for each datagram in turn. */
export interface PacketHeader {
  write(out: Uint8Array, at: number): void;
}

export function createPacketHeader(type: PacketHeaderType, random: RandomSource): PacketHeader {
  switch (type) {
    case 'none':
      return fixed([]);
    case 'wireguard':
      return fixed([4, 0, 0, 0]);
    case 'utp': {
      const connection = random.below(0x1_0000);
      return fixed([connection >>> 8, connection & 0xff, 1, 0]);
    }
    case 'srtp': {
      let counter = random.below(0x1_0000);
      return {
        write(out, at) {
          counter = (counter + 1) & 0xffff;
          out[at] = 0xb5;
          out[at + 1] = 0xe8;
          out[at + 2] = counter >>> 8;
          out[at + 3] = counter;
        },
      };
    }
    case 'wechat-video':
      return wechatVideo(random.below(0x1_0000));
    case 'dtls':
      return dtls(random.below(0x1_0000));
  }
}

function fixed(bytes: readonly number[]): PacketHeader {
  return {
    write(out, at) {
      for (let index = 0; index < bytes.length; index += 1) out[at + index] = bytes[index]!;
    },
  };
}

function wechatVideo(start: number): PacketHeader {
  const tail = fixed([0x00, 0x10, 0x11, 0x18, 0x30, 0x22, 0x30]);
  let counter = start;
  return {
    write(out, at) {
      counter = (counter + 1) >>> 0;
      out[at] = 0xa1;
      out[at + 1] = 0x08;
      out[at + 2] = counter >>> 24;
      out[at + 3] = counter >>> 16;
      out[at + 4] = counter >>> 8;
      out[at + 5] = counter;
      tail.write(out, at + 6);
    },
  };
}

/** The length field only looks like one: it starts at 17 and moves by 17 within 17 … 100. */
function dtls(epoch: number): PacketHeader {
  let sequence = 0;
  let length = 17;
  return {
    write(out, at) {
      out[at] = 0x17;
      out[at + 1] = 0xfe;
      out[at + 2] = 0xfd;
      out[at + 3] = epoch >>> 8;
      out[at + 4] = epoch;
      out[at + 5] = 0;
      out[at + 6] = 0;
      out[at + 7] = sequence >>> 24;
      out[at + 8] = sequence >>> 16;
      out[at + 9] = sequence >>> 8;
      out[at + 10] = sequence;
      out[at + 11] = length >>> 8;
      out[at + 12] = length;
      sequence = (sequence + 1) >>> 0;
      length += 17;
      if (length > 100) length -= 50;
    },
  };
}
