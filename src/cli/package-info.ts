/** What package.json says, read beside the compiled files. */
import { readFileSync } from 'node:fs';

interface PackageInfo {
  readonly version: string;
}

export function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as PackageInfo).version;
}
