/** Which list of which data file. */

export const geositeFile = 'geosite.dat';
export const geoipFile = 'geoip.dat';

export interface GeoListName {
  /** Relative to the asset folders. */
  readonly file: string;
  /** Upper case, as the usual files have it; lists are compared without case. */
  readonly code: string;
}

export function geoListName(file: string, code: string): GeoListName {
  return { file, code: code.toUpperCase() };
}

/** As a configuration names it: `geosite:cn`, `geoip:cn`, `ext:file.dat:list`. */
export function formatGeoList({ file, code }: GeoListName): string {
  const list = code.toLowerCase();
  if (file === geositeFile) return `geosite:${list}`;
  return file === geoipFile ? `geoip:${list}` : `ext:${file}:${list}`;
}
