/** test/vectors/routing.json, as observed with V2Ray 4.34.0, v2ray-core 5.52.0 and Xray 26.7.28. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.js';

export type Program = 'v434' | 'v5' | 'xray';

export interface RoutingCase {
  readonly name: string;
  readonly rules: readonly object[];
  readonly requests: readonly (readonly [host: string, port: number])[];
  readonly results: Readonly<Record<Program, readonly string[] | 'START_ERROR'>>;
}

export interface StreamCase {
  readonly name: string;
  /** Delay in milliseconds and text in latin1; absent or a sentence where the bytes are not kept. */
  readonly parts?: readonly (readonly [delayMs: number, text: string])[] | string;
  readonly results: Readonly<Record<Program, { readonly protocol: string; readonly target: string }>>;
}

export interface HelloCase {
  readonly name: string;
  readonly sni: string | null;
  readonly hex: string;
}

export interface QuicCase {
  readonly name: string;
  readonly datagrams: readonly string[];
  readonly sni: string | null;
}

interface Vectors {
  readonly routing: { readonly cases: readonly RoutingCase[] };
  readonly geo: {
    readonly geosite: { readonly hex: string; readonly expect: Readonly<Record<string, readonly unknown[]>> };
    readonly geoip: { readonly hex: string };
  };
  readonly tls: { readonly cases: readonly HelloCase[] };
  readonly sniff_tcp: { readonly cases: readonly StreamCase[] };
  readonly quic: { readonly cases: readonly QuicCase[] };
  readonly attrs: {
    readonly cases: readonly {
      readonly attrs: string;
      readonly results: Readonly<Record<'GET' | 'CONNECT' | 'POST', 'hit' | 'default'>>;
    }[];
  };
}

export const routingVectors = JSON.parse(
  readFileSync(join(projectRoot, 'test', 'vectors', 'routing.json'), 'utf8'),
) as Vectors;

export function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
