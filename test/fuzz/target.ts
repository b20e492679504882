/** What is fuzzed: one decoder or parser of foreign bytes or text. */
import assert from 'node:assert/strict';
import { TsrayError } from '../../src/core/errors.js';
import type { Handshake } from '../../src/core/stream/handshake.js';

export interface FuzzTarget {
  readonly name: string;
  /** Well-formed input, which is mutated. */
  readonly seeds: readonly Uint8Array[];
  /** Whether a TsrayError may be thrown; a push decoder throws nothing. */
  readonly throws: 'nothing' | 'typed';
  /** Feeds a new decoder; parsers of whole inputs are given one part. Parts are lent. */
  run(parts: readonly Uint8Array[]): void;
  /** Input is taken whole. */
  readonly whole?: boolean;
}

/** Fails for an error that a user would see as a defect of ours. */
export function assertTyped(error: unknown): void {
  assert.ok(error instanceof TsrayError, error instanceof Error ? error.stack : String(error));
  assert.notEqual(error.code, 'ERR_INTERNAL', error.stack);
}

/** A push decoder of a handshake. */
export function handshakeTarget(
  name: string,
  seeds: readonly (string | Uint8Array)[],
  make: () => Handshake<unknown>,
): FuzzTarget {
  return {
    name,
    seeds: seeds.map(bytesOf),
    throws: 'nothing',
    run(parts) {
      const handshake = make();
      for (const part of parts) {
        const step = handshake.push(part);
        if (step.kind === 'failed') assertTyped(step.error);
        if (step.kind !== 'more') return;
      }
    },
  };
}

/** A parser of text. */
export function textTarget(
  name: string,
  seeds: readonly string[],
  throws: FuzzTarget['throws'],
  parse: (text: string) => unknown,
): FuzzTarget {
  return {
    name,
    seeds: seeds.map((seed) => Buffer.from(seed, 'utf8')),
    throws,
    whole: true,
    run: (parts) => {
      parse(Buffer.concat(parts).toString('utf8'));
    },
  };
}

/** A parser of a whole packet. */
export function packetTarget(
  name: string,
  seeds: readonly (string | Uint8Array)[],
  throws: FuzzTarget['throws'],
  parse: (packet: Uint8Array) => unknown,
): FuzzTarget {
  return {
    name,
    seeds: seeds.map(bytesOf),
    throws,
    whole: true,
    run: (parts) => {
      parse(Uint8Array.from(Buffer.concat(parts)));
    },
  };
}

/** Text in Latin-1. */
export function bytesOf(seed: string | Uint8Array): Uint8Array {
  return typeof seed === 'string' ? Uint8Array.from(Buffer.from(seed, 'latin1')) : Uint8Array.from(seed);
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
