/** The addon for tests that are about it, or a visible skip where it was not built. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCrypto, describeCrypto } from '../../src/crypto/index.js';
import type { NativeAddon } from '../../src/native/addon.js';

/** As `test`, with the addon; skipped, with the reason, without it, or failed if TSRAY_REQUIRE_NATIVE=1. */
export function nativeTest(name: string, body: (addon: NativeAddon) => void | Promise<void>): void {
  const { addon } = defaultCrypto();
  if (addon !== undefined) test(name, () => body(addon));
  else if (process.env['TSRAY_REQUIRE_NATIVE'] === '1') test(name, () => assert.fail(describeCrypto()));
  else test(name, { skip: describeCrypto() }, () => {});
}
