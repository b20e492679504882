/** Where data files are looked for. */
const variables = [
  'v2ray.location.asset',
  'V2RAY_LOCATION_ASSET',
  'xray.location.asset',
  'XRAY_LOCATION_ASSET',
];

/** Where packages put them. */
const systemFolders = [
  '/usr/local/share/v2ray',
  '/usr/share/v2ray',
  '/usr/local/share/xray',
  '/usr/share/xray',
];

/**
 * In this order: the folder that V2Ray's or Xray's variable names, or without one the working directory (V2Ray looks
 * beside its program); then the folders of packages.
 */
export function assetFolders(
  environment: Readonly<Record<string, string | undefined>>,
  workingFolder: string,
  platform: NodeJS.Platform,
): readonly string[] {
  for (const name of variables) {
    const folder = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (folder !== undefined && folder !== '') return withSystem([folder], platform);
  }
  return withSystem([workingFolder], platform);
}

function withSystem(folders: readonly string[], platform: NodeJS.Platform): readonly string[] {
  return platform === 'win32' ? folders : [...folders, ...systemFolders];
}
