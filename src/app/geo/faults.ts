/** Errors about data files, which say where was looked and where to get them. */
import { editDistance } from '../../core/edit-distance.js';
import { TsrayError } from '../../core/errors.js';
import type { GeoFile } from './geo-file.js';
import { formatGeoList, type GeoListName, geoipFile, geositeFile } from './list-name.js';

const sources: Readonly<Record<string, string>> = {
  [geositeFile]:
    'dlc.dat of github.com/v2fly/domain-list-community/releases, under the name geosite.dat, or geosite.dat of github.com/Loyalsoldier/v2ray-rules-dat/releases',
  [geoipFile]:
    'geoip.dat of github.com/v2fly/geoip/releases or github.com/Loyalsoldier/v2ray-rules-dat/releases',
};

export function fileMissing(list: GeoListName, candidates: readonly string[]): TsrayError {
  const source = sources[list.file];
  const get = source === undefined ? `Put ${list.file} there` : `Get ${source}, and put it there`;
  return new TsrayError(
    'ERR_CONFIG_GEO',
    `${formatGeoList(list)} needs the file ${list.file}, which is not in any of the places where it was looked for: ${candidates.join(', ')}`,
    { hint: `${get}, or name its folder in the environment variable V2RAY_LOCATION_ASSET.` },
  );
}

export function listMissing(file: GeoFile, list: GeoListName): TsrayError {
  const near = nearestCodes(list.code, file.codes).map((code) => code.toLowerCase());
  const date = new Date(file.version.modifiedMs).toISOString().slice(0, 10);
  const old = 'A newer file may have it.';
  return new TsrayError(
    'ERR_CONFIG_GEO',
    `${file.path} (of ${date}, ${file.codes.length} lists) has no list "${list.code.toLowerCase()}"`,
    { hint: near.length === 0 ? old : `The nearest names are ${near.join(', ')}. ${old}` },
  );
}

export function fileUnreadable(path: string, list: GeoListName, cause: unknown): TsrayError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TsrayError(
    'ERR_CONFIG_GEO',
    `${path}, needed for ${formatGeoList(list)}, cannot be read: ${reason}`,
    {
      hint: 'If it is no data file of V2Ray, or was cut off while downloading, get it again.',
      cause,
    },
  );
}

const mostNames = 3;

/** Codes that differ in few letters, or contain the wanted one, the nearest first. */
function nearestCodes(wanted: string, codes: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  return codes
    .map((code) => ({
      code,
      distance: code.includes(wanted) && wanted.length >= 3 ? 1 : editDistance(wanted, code, limit),
    }))
    .filter(({ distance }) => distance < limit)
    .sort((a, b) => a.distance - b.distance || a.code.length - b.code.length)
    .slice(0, mostNames)
    .map(({ code }) => code);
}
