/** The only file that loads the compiled addon. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../core/package-info.js';
import type { NativeAddon } from './addon.js';

/** The addon, or why there is none. */
export type NativeResult =
  | { readonly addon: NativeAddon; readonly file: string }
  | { readonly addon: undefined; readonly reason: string };

const require = createRequire(import.meta.url);

/** What was built on this machine comes before what was published. The prebuilt names are node-gyp-build's. */
function candidates(root: string): readonly string[] {
  const prebuilt = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  return [
    join(root, 'native', 'build', 'Release', 'tsray.node'),
    join(prebuilt, 'tsray.glibc.node'),
    join(prebuilt, 'tsray.musl.node'),
  ];
}

/** What scripts/build-native.mjs left behind when it failed. */
function whyNotBuilt(root: string): string {
  try {
    return `not built: ${readFileSync(join(root, 'native', 'build', 'failure.txt'), 'utf8')}`;
  } catch {
    return 'not built';
  }
}

function load(): NativeResult {
  const asked = process.env['TSRAY_NATIVE'];
  if (asked === '0') return { addon: undefined, reason: 'switched off by TSRAY_NATIVE=0' };
  const root = packageRoot();
  let reason = whyNotBuilt(root);
  for (const file of asked?.endsWith('.node') ? [asked] : candidates(root)) {
    if (!existsSync(file)) continue;
    try {
      return { addon: require(file) as NativeAddon, file };
    } catch (error) {
      // The first line names the cause (a wrong libc, a missing symbol); what follows is a stack of requires.
      reason = `cannot be loaded: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}`;
    }
  }
  return { addon: undefined, reason };
}

let loaded: NativeResult | undefined;

/**
 * Loads once for each thread. The environment's TSRAY_NATIVE=0 switches the addon off; a path in it that ends in
 * `.node` names the file to load (a build with sanitizers).
 */
export function loadNative(): NativeResult {
  loaded ??= load();
  return loaded;
}
