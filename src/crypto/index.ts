/** Chooses the provider: the compiled addon where it loads, else node:crypto and TypeScript alone. */
import { loadNative } from '../native/load.js';
import { nodeCrypto } from './node.js';
import type { CryptoProvider } from './provider.js';

let chosen: CryptoProvider | undefined;

/** The fastest provider this machine has; the same object each time. */
export function defaultCrypto(): CryptoProvider {
  if (chosen === undefined) {
    const { addon } = loadNative();
    chosen = addon === undefined ? nodeCrypto : { ...nodeCrypto, name: 'native', addon };
  }
  return chosen;
}

/** One line on what is used and why, for `tsray version`. */
export function describeCrypto(): string {
  const result = loadNative();
  return result.addon === undefined
    ? `TypeScript (addon ${result.reason})`
    : `native addon (AES of users: ${result.addon.aes})`;
}
