/** Settings of the VMess inbound and outbound, validated: plain data, no JSON left. */
import type { UserLimits } from '../../contract/user-limits.js';
import type { Address } from '../../core/net/address.js';

/** What a configuration may say; `auto` is resolved by the machine, `zero` is NONE without options on the wire. */
export type SecuritySetting = 'auto' | 'aes-128-gcm' | 'chacha20-poly1305' | 'none' | 'zero' | 'aes-128-cfb';

/** A user as both roles know it. */
export interface VmessUserSettings {
  /** 16 bytes. Secret. */
  readonly id: Uint8Array;
  /** 0: AEAD header; above: legacy header and that many alternative IDs. */
  readonly alterId: number;
  readonly email: string;
  readonly level: number;
}

export interface VmessOutboundUser extends VmessUserSettings {
  readonly security: SecuritySetting;
  /** `experiments` contains AuthenticatedLength. */
  readonly authenticatedLength: boolean;
  /** False if `experiments` contains NoTerminationSignal: no end-of-stream chunk is sent. */
  readonly terminationSignal: boolean;
}

export interface VmessServerSettings {
  readonly address: Address;
  readonly port: number;
  /** At least one. */
  readonly users: readonly VmessOutboundUser[];
}

/** How UDP goes: a connection for each destination, or packets with addresses in the form of Xray or of v2ray-core 5. */
export type PacketEncoding = 'none' | 'xudp' | 'packetaddr' | 'packetaddr-stream';

export interface VmessOutboundSettings {
  /** Default `none`. */
  readonly packetEncoding?: PacketEncoding;
  /** At least one. */
  readonly servers: readonly VmessServerSettings[];
}

/** A user of a server. */
export interface VmessClient extends VmessUserSettings {
  /** Absent: there are none (ours). */
  readonly limits?: UserLimits;
}

export interface VmessInboundSettings {
  readonly clients: readonly VmessClient[];
  /** For users made for dynamic ports. */
  readonly defaultUser: { readonly alterId: number; readonly level: number };
  /** Tag of the inbound that clients are told to switch to. */
  readonly detourTo?: string;
  readonly disableInsecureEncryption: boolean;
}
