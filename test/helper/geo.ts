/** Geo data for tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GeoData, GeoFiles } from '../../src/app/geo/geo-data.js';
import { MemoryLogger } from './memory-log.js';
import { routingVectors } from './routing-vectors.js';

/** No file anywhere. */
export const noGeo: GeoData = new GeoFiles([], new MemoryLogger());

/** A folder with the small files of the vectors, `synth.dat` and `synthip.dat`. The caller removes it. */
export function vectorFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-geo-'));
  writeFileSync(join(folder, 'synth.dat'), Buffer.from(routingVectors.geo.geosite.hex, 'hex'));
  writeFileSync(join(folder, 'synthip.dat'), Buffer.from(routingVectors.geo.geoip.hex, 'hex'));
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export type DomainEntry = readonly [
  type: 'plain' | 'regex' | 'domain' | 'full',
  value: string,
  ...attributes: readonly string[],
];

const types = { plain: 0, regex: 1, domain: 2, full: 3 } as const;

/** A geosite.dat. */
export function geositeBytes(lists: Readonly<Record<string, readonly DomainEntry[]>>): Uint8Array {
  const entries = Object.entries(lists).map(([code, domains]) =>
    field(1, [
      ...field(1, text(code)),
      ...domains.flatMap(([type, value, ...attributes]) =>
        field(2, [
          ...(types[type] === 0 ? [] : [0x08, types[type]]),
          ...field(2, text(value)),
          ...attributes.flatMap((key) => field(3, [...field(1, text(key)), 0x10, 1])),
        ]),
      ),
    ]),
  );
  return Uint8Array.from(entries.flat());
}

/** A geoip.dat; each range as its address's bytes and its prefix. */
export function geoipBytes(
  lists: Readonly<Record<string, readonly (readonly [address: readonly number[], bits: number])[]>>,
): Uint8Array {
  const entries = Object.entries(lists).map(([code, ranges]) =>
    field(1, [
      ...field(1, text(code)),
      ...ranges.flatMap(([address, bits]) => field(2, [...field(1, address), 0x10, ...varint(bits)])),
    ]),
  );
  return Uint8Array.from(entries.flat());
}

function field(number: number, bytes: readonly number[]): number[] {
  return [number * 8 + 2, ...varint(bytes.length), ...bytes];
}

function text(value: string): number[] {
  return [...Buffer.from(value, 'utf8')];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
