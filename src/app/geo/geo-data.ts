/** The lists of all data files that rules use: each read once, shared, and read again when its file changes. */
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Logger } from '../../contract/logger.js';
import { TsrayError } from '../../core/errors.js';
import type { DomainList } from '../router/match/domain-list.js';
import type { IpRanges } from '../router/match/ip-ranges.js';
import { fileMissing, fileUnreadable, listMissing } from './faults.js';
import { type FileVersion, type GeoFile, openGeoFile, sameVersion } from './geo-file.js';
import { decodeAddresses } from './geoip.js';
import { decodeSite } from './geosite.js';
import { formatGeoList, type GeoListName, geoipFile } from './list-name.js';
import { privateCode, privateRanges } from './private-ranges.js';

/** What a rule keeps of a list. `current` is replaced when the file has changed. */
export interface SharedList<T> {
  readonly current: T;
}

export interface GeoData {
  /** Entries that have all `attributes` (lower case). Throws ERR_CONFIG_GEO. */
  domains(list: GeoListName, attributes: readonly string[]): SharedList<DomainList>;
  /** Throws ERR_CONFIG_GEO. */
  addresses(list: GeoListName): SharedList<IpRanges>;
}

interface Held<T> extends SharedList<T> {
  current: T;
  /** Reads it from another version of its file. */
  readonly decode: (bytes: Uint8Array) => T;
  readonly list: GeoListName;
}

type AnyHeld = Held<DomainList> | Held<IpRanges>;

interface Used {
  file: GeoFile;
  /** A change that was seen once: the file may still be being written. */
  seen: FileVersion | undefined;
  readonly lists: AnyHeld[];
}

export class GeoFiles implements GeoData {
  readonly #folders: readonly string[];
  readonly #log: Logger;
  readonly #files = new Map<string, Used>();
  readonly #lists = new Map<string, AnyHeld>();

  /** Nothing is read yet. `folders`: see `assetFolders`. */
  constructor(folders: readonly string[], log: Logger) {
    this.#folders = folders;
    this.#log = log;
  }

  domains(list: GeoListName, attributes: readonly string[]): SharedList<DomainList> {
    const wanted = [...new Set(attributes)].sort();
    const key = ['domains', list.file, list.code, ...wanted].join('\0');
    const faulty = (pattern: string, reason: string): void =>
      this.#log.warning(`${formatGeoList(list)}: the regular expression ${pattern} is left out: ${reason}`);
    return this.#held(key, list, (bytes) => decodeSite(bytes, wanted, faulty));
  }

  addresses(list: GeoListName): SharedList<IpRanges> {
    if (list.file === geoipFile && list.code === privateCode) return { current: privateRanges() };
    return this.#held(['addresses', list.file, list.code].join('\0'), list, decodeAddresses);
  }

  /** Paths of the files that are used. */
  get paths(): readonly string[] {
    return [...this.#files.values()].map(({ file }) => file.path);
  }

  /**
   * Looks whether files have changed and, if one has since the last look but one, reads its lists again. What cannot
   * be read is warned about, and the lists stay as they were. Call it every few seconds.
   */
  refresh(): void {
    for (const used of this.#files.values()) {
      const now = versionOf(used.file.path);
      // While a file is being replaced there may be none.
      if (now === undefined || sameVersion(now, used.file.version)) {
        used.seen = undefined;
        continue;
      }
      const settled = used.seen !== undefined && sameVersion(used.seen, now);
      used.seen = now;
      if (settled) this.#reread(used);
    }
  }

  #reread(used: Used): void {
    try {
      const file = openGeoFile(used.file.path);
      const fresh = used.lists.map((held) => {
        const bytes = file.list(held.list.code);
        if (bytes === undefined) throw listMissing(file, held.list);
        return held.decode(bytes);
      });
      used.lists.forEach((held, index) => {
        (held as Held<unknown>).current = fresh[index];
      });
      used.file = file;
      used.seen = undefined;
      this.#log.info(`${file.path} has changed; its lists were read again`);
    } catch (error) {
      // The same version is not tried again.
      used.file = { ...used.file, version: used.seen ?? used.file.version };
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warning(
        `${used.file.path} has changed, but cannot be used; rules keep what they have: ${reason}`,
      );
    }
  }

  #held<T extends DomainList | IpRanges>(
    key: string,
    list: GeoListName,
    decode: (bytes: Uint8Array) => T,
  ): SharedList<T> {
    // A key says which type it is of.
    const known = this.#lists.get(key) as Held<T> | undefined;
    if (known !== undefined) return known;
    const used = this.#file(list);
    let current: T;
    try {
      const bytes = used.file.list(list.code);
      if (bytes === undefined) throw listMissing(used.file, list);
      current = decode(bytes);
    } catch (error) {
      throw error instanceof TsrayError ? error : fileUnreadable(used.file.path, list, error);
    }
    const held: Held<T> = { current, decode, list };
    used.lists.push(held as unknown as AnyHeld);
    this.#lists.set(key, held as unknown as AnyHeld);
    return held;
  }

  #file(list: GeoListName): Used {
    const known = this.#files.get(list.file);
    if (known !== undefined) return known;
    const candidates = isAbsolute(list.file)
      ? [list.file]
      : this.#folders.map((folder) => join(folder, list.file));
    for (const path of candidates) {
      try {
        const used: Used = { file: openGeoFile(path), seen: undefined, lists: [] };
        this.#files.set(list.file, used);
        return used;
      } catch (error) {
        if (isAbsent(error)) continue;
        throw fileUnreadable(path, list, error);
      }
    }
    throw fileMissing(list, candidates);
  }
}

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function versionOf(path: string): FileVersion | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : { modifiedMs: stat.mtimeMs, bytes: stat.size, inode: stat.ino };
}
