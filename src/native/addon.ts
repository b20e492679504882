/**
 * What the compiled addon offers (native/src): whole reads and whole headers in one call. Its results equal those of
 * the TypeScript it stands in for; only the time differs. Arguments are `Uint8Array`s it reads or fills during the
 * call and keeps no hold of. It throws TypeError or RangeError for arguments no correct caller gives.
 */

declare const encoderBrand: unique symbol;
declare const decoderBrand: unique symbol;
declare const usersBrand: unique symbol;
declare const pollerBrand: unique symbol;

/** One direction's state; freed by `close`, or with its owner. */
export interface NativeEncoderHandle {
  readonly [encoderBrand]: never;
}
export interface NativeDecoderHandle {
  readonly [decoderBrand]: never;
}

export interface NativeUsersHandle {
  readonly [usersBrand]: never;
}

export interface NativePollerHandle {
  readonly [pollerBrand]: never;
}

/** Numbers of the securities, as `enum body_security`. */
export const nativeSecurity = {
  none: 0,
  'aes-128-gcm': 1,
  'chacha20-poly1305': 2,
  'aes-128-cfb': 3,
} as const;

/** Bits of a layout, as `enum body_flag`. */
export const nativeFlag = {
  chunked: 1,
  masked: 2,
  padded: 4,
  sealedLength: 8,
  endChunk: 16,
  /** Payload that nothing protects is delivered before its chunk is complete. */
  immediate: 32,
} as const;

/** Places in `status`, as `enum status_slot`. */
export const nativeStatusSlot = { decoder: 0, atBoundary: 1, keptBytes: 2, seconds: 3 } as const;

/** Values of `status[decoder]`, as `enum decoder_status`. */
export const nativeDecoderStatus = {
  open: 0,
  ended: 1,
  badChunk: 2,
  badSize: 3,
  /** A primitive failed or memory ran out. */
  broken: 4,
  /** The output was smaller than allowed. */
  noRoom: 5,
} as const;

/** Bytes of `padding` that one chunk takes from what is handed in. */
export const nativePaddingBytes = 63;

export interface NativeAddon {
  /** What a call leaves beside its result, until the next call. */
  readonly status: Int32Array;
  /** `keys`: key, IV, request key, request IV: 64 bytes. */
  encoderNew(
    security: number,
    flags: number,
    keys: Uint8Array,
    maxChunk: number,
    maxPacket: number,
  ): NativeEncoderHandle;
  /**
   * Each returns the offset behind what was written; `encodePacket` −1 for a packet that is empty or over the limit.
   * `padding`: what padding consists of, `nativePaddingBytes` for each chunk; undefined: the system's random bytes.
   */
  encode(
    handle: NativeEncoderHandle,
    payload: Uint8Array,
    out: Uint8Array,
    offset: number,
    padding: Uint8Array | undefined,
  ): number;
  encodePacket(
    handle: NativeEncoderHandle,
    packet: Uint8Array,
    out: Uint8Array,
    offset: number,
    padding: Uint8Array | undefined,
  ): number;
  encodeEnd(
    handle: NativeEncoderHandle,
    out: Uint8Array,
    offset: number,
    padding: Uint8Array | undefined,
  ): number;
  decoderNew(security: number, flags: number, keys: Uint8Array): NativeDecoderHandle;
  /** Payload bytes written to `out`; `status` tells the decoder's state. */
  decode(handle: NativeDecoderHandle, wire: Uint8Array, out: Uint8Array): number;
  /** Where each chunk of the last `decode` of this thread ends in its output. */
  chunkEnds(): number[];
  /** Erases keys and frees memory. The handle is refused afterwards, except here. */
  close(handle: NativeEncoderHandle | NativeDecoderHandle): void;

  /** `out`: 58 bytes more than `plain`. */
  sealRequestHeader(
    cmdKey: Uint8Array,
    authId: Uint8Array,
    connectionNonce: Uint8Array,
    plain: Uint8Array,
    out: Uint8Array,
  ): void;
  /** The header's length from the first 42 bytes of an envelope; −1 if the tag is wrong. */
  openRequestLength(cmdKey: Uint8Array, prefix: Uint8Array): number;
  /** `out`: 58 bytes less than the envelope. False if the tag is wrong; then `out` is not to be used. */
  openRequestHeader(cmdKey: Uint8Array, envelope: Uint8Array, out: Uint8Array): boolean;
  /** `out`: 34 bytes more than `plain`. */
  sealResponseHeader(key: Uint8Array, iv: Uint8Array, plain: Uint8Array, out: Uint8Array): void;
  /** From 18 bytes; −1 if the tag is wrong. */
  openResponseLength(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): number;
  /** `out`: 16 bytes less than `sealed`. False if the tag is wrong; then `out` is not to be used. */
  openResponseHeader(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, out: Uint8Array): boolean;
  /** `key`: at most 55 bytes; `path`: at most 3 elements of at most 64 bytes; `out`: at most 32. */
  kdf(key: Uint8Array, path: readonly Uint8Array[], out: Uint8Array): void;

  /** What decrypts AuthIDs: `AES-NI`, `ARMv8 AES` or `portable`. */
  readonly aes: string;
  /** The AuthID keys of a server's users. `portable`: without the processor's AES instructions. */
  usersNew(portable: boolean): NativeUsersHandle;
  /** Derives and adds the key of `cmdKey` (16 bytes); returns how many there are. */
  usersPush(handle: NativeUsersHandle, cmdKey: Uint8Array): number;
  /** The last key takes the place of the one at `index`; returns how many there are. */
  usersRemove(handle: NativeUsersHandle, index: number): number;
  /** Index of the first key from `from` to `to` − 1 that fits, its time in `status[seconds]`; −1 for none. */
  usersFind(handle: NativeUsersHandle, authId: Uint8Array, from: number, to: number): number;

  /** The descriptor of the next connection that waits on the listening descriptor `fd`; −1 for none, and elsewhere than on Linux. */
  accept(fd: number): number;

  /**
   * A new socket of the family of `address` (4 or 16 bytes), non-blocking: its descriptor, or a negative error number.
   * `mark` 0: none. `flags`: bits of `socketFlag` in transport/socket/own-socket.ts.
   */
  openSocket(address: Uint8Array, port: number, mark: number, flags: number): number;
  /**
   * Where a connection was to go before the kernel redirected it: its family, 4 or 6, or a negative error number.
   * `out`, 18 bytes: the address, then the port in network order at 16.
   */
  originalDestination(fd: number, out: Uint8Array): number;
  /** The port that an IP socket is bound to, or a negative error number. */
  localPort(fd: number): number;
  /**
   * Bytes of the next datagram, or a negative error number. `told`, 38 bytes: the families (4, 6 or 0: unknown) of the
   * source and the original destination, their addresses at 2 and 18, their ports at 34 and 36.
   */
  receive(fd: number, into: Uint8Array, told: Uint8Array): number;
  /** Bytes sent, or a negative error number. */
  sendTo(fd: number, bytes: Uint8Array, address: Uint8Array, port: number): number;
  /** Calls `readable` whenever `fd` can be read, until `pollClose`. */
  pollOpen(fd: number, readable: () => void): NativePollerHandle;
  /** To be called before the descriptor is closed. */
  pollClose(handle: NativePollerHandle): void;
  /** Gives the allocator's free memory back to the system. False where it cannot be asked to, or had none. */
  trimMemory(): boolean;
  /** Threads that start from now on share one heap of the allocator's. False where it cannot be asked to. */
  fewArenas(): boolean;
}
