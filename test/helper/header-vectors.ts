/** The groups of test/vectors/vmess.json that concern IDs, keys and headers. Binary values are hex. */
import type { RandomSource } from '../../src/core/random.js';
import { readVectors } from './project.js';

interface HeaderVectors {
  readonly fnv1a32: readonly { readonly input: string; readonly output: string }[];
  readonly crc32Ieee: readonly { readonly inputText: string; readonly output: string }[];
  readonly userIds: readonly {
    readonly uuidText: string;
    readonly uuid: string;
    readonly cmdKey: string;
    readonly alterIdChain: readonly string[];
  }[];
  readonly uuidFromText: readonly { readonly text: string; readonly uuid: string }[];
  readonly kdf: readonly {
    readonly label: string;
    readonly key: string;
    readonly path: readonly string[];
    readonly output32: string;
    readonly kdf16: string;
  }[];
  readonly authId: readonly {
    readonly cmdKey: string;
    readonly aesKey: string;
    readonly unixTime: number;
    readonly random: string;
    readonly plain: string;
    readonly authId: string;
  }[];
  readonly sessionKeys: {
    readonly requestKey: string;
    readonly requestIv: string;
    readonly responseKeyAead: string;
    readonly responseIvAead: string;
    readonly responseKeyLegacy: string;
    readonly responseIvLegacy: string;
    readonly authLenKeyAesGcm: string;
  };
  readonly plainHeader: readonly {
    readonly name: string;
    readonly requestIv: string;
    readonly requestKey: string;
    readonly responseAuthV: number;
    readonly options: number;
    readonly security: number;
    readonly command: number;
    readonly port: number | null;
    readonly addressType: number | null;
    readonly addressText: string | null;
    readonly padding: string;
    readonly plain: string;
  }[];
  readonly aeadRequestHeader: readonly {
    readonly name: string;
    readonly uuidText: string;
    readonly cmdKey: string;
    readonly unixTime: number;
    readonly authIdRandom: string;
    readonly authId: string;
    readonly connectionNonce: string;
    readonly plainLength: number;
    readonly wire: string;
  }[];
  readonly legacyRequestHeader: readonly {
    readonly authWith: string;
    readonly uuidText: string;
    readonly idBytes: string;
    readonly timestampUsed: number;
    readonly authInfo: string;
    readonly plain: string;
    readonly wire: string;
  }[];
  readonly switchAccount: readonly {
    readonly hostText: string;
    readonly port: number;
    readonly uuidText: string;
    readonly alterId: number;
    readonly level: number;
    readonly validMinutes: number;
    readonly data: string;
  }[];
  readonly responseHeader: readonly {
    readonly name: string;
    readonly mode: 'aead' | 'legacy';
    readonly responseKey: string;
    readonly responseIv: string;
    readonly plain: string;
    readonly wire: string;
  }[];
}

export const headerVectors = readVectors<HeaderVectors>('vmess.json');

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Hands out the given bytes in order, and zeros when they are used up; `below` takes one byte. */
export function scriptedRandom(...script: readonly Uint8Array[]): RandomSource {
  const bytes = Buffer.concat(script);
  let at = 0;
  return {
    fill(into) {
      into.fill(0);
      into.set(bytes.subarray(at, at + into.length));
      at += into.length;
      return into;
    },
    below(bound) {
      const value = (bytes[at] ?? 0) % bound;
      at += 1;
      return value;
    },
  };
}
