/**
 * VMess' key derivation: HMAC-SHA256 nested once per path element (v2ray-core proxy/vmess/aead/kdf.go).
 *
 *     H0(m) = HMAC-SHA256('VMess AEAD KDF', m)
 *     Hi(m) = H(i-1)( (pi ^ 5c…) ‖ H(i-1)( (pi ^ 36…) ‖ m ) )      pi padded to 64 bytes with zeros
 *     kdf(key, p1 … pk) = Hk(key)
 *
 * Unrolled, that is a row of 2^(k+1) plain SHA-256 hashes. Each begins with whole blocks of pads, and only k + 2
 * different beginnings occur, so their states are computed once per call, those of constant salts once per process.
 */
import {
  compressSha256,
  finishSha256,
  initialSha256State,
  loadSha256Block,
  newSha256Block,
  type Sha256State,
  sha256Bytes,
} from '../../crypto/pure/sha256.js';

const blockBytes = 64;
const innerPad = 0x36363636;
const outerPad = 0x5c5c5c5c;

const block = newSha256Block();
const digest: Sha256State = new Int32Array(8);

/** Compresses `element`, zero-padded and XORed with both pads, onto `from`. At most 64 bytes. */
function writePadStates(
  from: Sha256State,
  element: Uint8Array,
  inner: Sha256State,
  outer: Sha256State,
): void {
  loadSha256Block(block, element);
  for (let i = 0; i < 16; i += 1) block[i]! ^= outerPad;
  compressSha256(from, block, outer);
  for (let i = 0; i < 16; i += 1) block[i]! ^= outerPad ^ innerPad;
  compressSha256(from, block, inner);
}

const rootInner: Sha256State = new Int32Array(8);
const rootOuter: Sha256State = new Int32Array(8);
writePadStates(initialSha256State(), new TextEncoder().encode('VMess AEAD KDF'), rootInner, rootOuter);

/** A constant first path element with its pad states kept. */
export class KdfSalt {
  readonly bytes: Uint8Array;
  readonly innerState: Sha256State = new Int32Array(8);
  readonly outerState: Sha256State = new Int32Array(8);

  /** ASCII of at most 64 characters. */
  constructor(text: string) {
    this.bytes = new TextEncoder().encode(text);
    writePadStates(rootInner, this.bytes, this.innerState, this.outerState);
  }
}

/** The protocol's constants (proxy/vmess/aead/consts.go; `auth_len`: proxy/vmess/encoding). */
export const kdfSalt = {
  authIdKey: new KdfSalt('AES Auth ID Encryption'),
  requestLengthKey: new KdfSalt('VMess Header AEAD Key_Length'),
  requestLengthNonce: new KdfSalt('VMess Header AEAD Nonce_Length'),
  requestHeaderKey: new KdfSalt('VMess Header AEAD Key'),
  requestHeaderNonce: new KdfSalt('VMess Header AEAD Nonce'),
  responseLengthKey: new KdfSalt('AEAD Resp Header Len Key'),
  responseLengthNonce: new KdfSalt('AEAD Resp Header Len IV'),
  responseHeaderKey: new KdfSalt('AEAD Resp Header Key'),
  responseHeaderNonce: new KdfSalt('AEAD Resp Header IV'),
  /** Key of authenticated chunk lengths. */
  authenticatedLength: new KdfSalt('auth_len'),
} as const;

/** States for path elements that are not constant, one pair per depth, reused by every call. */
const innerStates: Sha256State[] = [];
/** `outerStates[n]`: the beginning of the outer hash at depth n, with n + 1 blocks behind it. */
const outerStates: Sha256State[] = [rootOuter];
const ownOuterStates: Sha256State[] = [rootOuter];

/** 32 bytes derived from `key` (any length). Path elements may have any length. */
export function kdf(key: Uint8Array, ...path: readonly (KdfSalt | Uint8Array)[]): Uint8Array {
  derive(key, path);
  return sha256Bytes(digest);
}

/** The first 16 bytes of `kdf`. */
export function kdf16(key: Uint8Array, ...path: readonly (KdfSalt | Uint8Array)[]): Uint8Array {
  derive(key, path);
  return sha256Bytes(digest).subarray(0, 16);
}

/** The first 12 bytes of `kdf`: a nonce. */
export function kdf12(key: Uint8Array, ...path: readonly (KdfSalt | Uint8Array)[]): Uint8Array {
  derive(key, path);
  return sha256Bytes(digest).subarray(0, 12);
}

/** Leaves the result in `digest`. */
function derive(key: Uint8Array, rawPath: readonly (KdfSalt | Uint8Array)[]): void {
  const path = shortened(rawPath);
  const depth = path.length;
  let inner = rootInner;
  for (let i = 0; i < depth; i += 1) {
    const element = path[i]!;
    if (i === 0 && element instanceof KdfSalt) {
      inner = element.innerState;
      outerStates[1] = element.outerState;
      continue;
    }
    innerStates[i] ??= new Int32Array(8);
    ownOuterStates[i + 1] ??= new Int32Array(8);
    const next = innerStates[i]!;
    const outer = ownOuterStates[i + 1]!;
    writePadStates(inner, bytesOf(element), next, outer);
    inner = next;
    outerStates[i + 1] = outer;
  }
  finishSha256(inner, (depth + 1) * blockBytes, key, block, digest);
  const steps = 2 << depth;
  for (let step = 1; step < steps; step += 1) {
    // The hash that follows is the outer one of the deepest level whose inner one just ended.
    const level = 31 - Math.clz32(step & -step);
    for (let i = 0; i < 8; i += 1) block[i] = digest[i]!;
    block[8] = 0x80000000;
    block.fill(0, 9, 15);
    block[15] = ((level + 1) * blockBytes + 32) * 8;
    compressSha256(outerStates[level]!, block, digest);
  }
}

/** HMAC hashes a key longer than its block, here with the level below. Never needed for the protocol's own paths. */
function shortened(path: readonly (KdfSalt | Uint8Array)[]): readonly (KdfSalt | Uint8Array)[] {
  if (!path.some((element) => bytesOf(element).length > blockBytes)) return path;
  return path.map((element, index) => {
    const bytes = bytesOf(element);
    return bytes.length > blockBytes ? kdf(bytes, ...path.slice(0, index)) : bytes;
  });
}

function bytesOf(element: KdfSalt | Uint8Array): Uint8Array {
  return element instanceof KdfSalt ? element.bytes : element;
}
