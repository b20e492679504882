/** One data file on disk: its index, and the bytes of single lists. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { indexLists, type ListSpan } from './list-index.js';

/** What tells one version of a file from another. */
export interface FileVersion {
  readonly modifiedMs: number;
  readonly bytes: number;
  readonly inode: number;
}

export interface GeoFile {
  readonly path: string;
  readonly version: FileVersion;
  /** Codes of all lists, upper case. */
  readonly codes: readonly string[];
  /** The message of a list; undefined if there is none of this code. */
  list(code: string): Uint8Array | undefined;
}

const windowBytes = 64 * 1024;

/**
 * Reads the index of the file at `path`; lists are read when they are asked for, by `list`, from the same version of
 * the file only: throws if it has changed. Throws Node's errors of files, and MalformedMessage.
 */
export function openGeoFile(path: string): GeoFile {
  return withFile(path, (descriptor, version) => {
    const index = indexLists(windowedReader(descriptor), version.bytes);
    return {
      path,
      version,
      codes: [...index.keys()],
      list: (code) => readList(path, version, index.get(code)),
    };
  });
}

export function sameVersion(a: FileVersion, b: FileVersion): boolean {
  return a.modifiedMs === b.modifiedMs && a.bytes === b.bytes && a.inode === b.inode;
}

function readList(path: string, version: FileVersion, span: ListSpan | undefined): Uint8Array | undefined {
  if (span === undefined) return undefined;
  return withFile(path, (descriptor, now) => {
    if (!sameVersion(version, now)) throw new Error('the file has changed while it was read');
    const bytes = new Uint8Array(span.length);
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(descriptor, bytes, done, bytes.length - done, span.from + done);
      if (count === 0) throw new Error('the file has become shorter while it was read');
      done += count;
    }
    return bytes;
  });
}

function withFile<T>(path: string, use: (descriptor: number, version: FileVersion) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    const { mtimeMs, size, ino } = fstatSync(descriptor);
    return use(descriptor, { modifiedMs: mtimeMs, bytes: size, inode: ino });
  } finally {
    closeSync(descriptor);
  }
}

/** Small lists stand many in one window; large ones are skipped without being read. */
function windowedReader(descriptor: number): (at: number, length: number) => Uint8Array {
  const window = new Uint8Array(windowBytes);
  let start = 0;
  let filled = 0;
  return (at, length) => {
    if (at < start || at + length > start + filled) {
      start = at;
      filled = readSync(descriptor, window, 0, windowBytes, at);
    }
    return window.subarray(at - start, Math.min(filled, at - start + length));
  };
}
