/** Which AEAD `auto` stands for on this machine. */
import { readFileSync } from 'node:fs';
import type { AeadName } from './provider.js';

let found: AeadName | undefined;

/**
 * AES-128-GCM where the CPU has AES instructions, else ChaCha20-Poly1305 (as v2ray-core 5 and Xray choose). Linux
 * tells in /proc/cpuinfo; elsewhere the architecture decides, as in V2Ray 4.34.
 */
export function fastestSecurity(): AeadName {
  found ??= cpuHasAes() ? 'aes-128-gcm' : 'chacha20-poly1305';
  return found;
}

function cpuHasAes(): boolean {
  if (process.platform === 'linux') {
    try {
      // x86: `flags`, arm: `Features`; s390x has AES in every CPU that Node runs on.
      const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1];
      if (flags !== undefined) return flags.split(' ').includes('aes');
    } catch {
      // Unreadable in some sandboxes: the architecture decides.
    }
  }
  return process.arch === 'x64' || process.arch === 'arm64' || process.arch === 's390x';
}
