/** The addon for tests that are about it, or a visible skip where it was not built. */
import { test } from 'node:test';
import type { NativeAddon } from '../../src/crypto/addon.js';
import { defaultCrypto, describeCrypto } from '../../src/crypto/index.js';

/** As `test`, with the addon; skipped, with the reason, without it. */
export function nativeTest(name: string, body: (addon: NativeAddon) => void | Promise<void>): void {
  const { addon } = defaultCrypto();
  if (addon === undefined) test(name, { skip: describeCrypto() }, () => {});
  else test(name, () => body(addon));
}
