/** What a client's security setting means on the wire: security and option bits (docs/wire-format.md, section 7). */
import { type Command, requestOption, type WireSecurity } from './constants.js';
import type { SecuritySetting } from './settings.js';

/** Two fields of a request header. */
export interface RequestOptions {
  readonly security: WireSecurity;
  /** Option bits. */
  readonly options: number;
}

/** What decides on security and option bits. */
export interface SecurityChoice {
  readonly security: SecuritySetting;
  readonly command: Command;
  readonly authenticatedLength: boolean;
  /** `v2ray.vmess.padding`: NONE is padded too. */
  readonly padNone: boolean;
  /** The security that `auto` stands for on this machine. */
  readonly fastest: 'aes-128-gcm' | 'chacha20-poly1305';
}

/** The header fields for a client's choice. */
export function resolveSecurity(choice: SecurityChoice): RequestOptions {
  const { chunkStream, chunkMasking, globalPadding, authenticatedLength } = requestOption;
  const security = choice.security === 'auto' ? choice.fastest : choice.security;
  switch (security) {
    case 'aes-128-gcm':
    case 'chacha20-poly1305': {
      const options = chunkStream | chunkMasking | globalPadding;
      return { security, options: choice.authenticatedLength ? options | authenticatedLength : options };
    }
    case 'none':
      return {
        security,
        options: chunkStream | chunkMasking | (choice.padNone ? globalPadding : 0),
      };
    case 'zero':
      // Without chunks a datagram's borders would be lost; sing-box sends the same.
      return { security: 'none', options: choice.command === 'udp' ? chunkStream : 0 };
    case 'aes-128-cfb':
      return { security, options: chunkStream };
  }
}
