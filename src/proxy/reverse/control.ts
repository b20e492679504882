/**
 * Messages of the control session that a portal opens first on each carrier: a protobuf message in every packet, with the
 * state in field 1 (absent or 0: active, 1: draining) and random bytes in field 99 (docs/wire-format.md, section 15).
 */
import type { RandomSource } from '../../core/random.js';

export type ControlState = 'active' | 'drain';

/** Hosts of the control session: V2Ray up to 4.34, V2Ray from 4.35 on, Xray. A bridge takes all of them. */
export const controlHosts: ReadonlySet<string> = new Set([
  'reverse.internal.v2ray.com',
  'reverse.internal.v2fly.org',
  'reverse',
]);

/** What a portal of tsray's names it: the newer V2Rays' name. */
export const controlHost = 'reverse.internal.v2fly.org';

/** V2Ray's lengths: the heartbeat is to look like anything. */
const maxPaddingBytes = 64;

const paddingTag = Uint8Array.of(0x9a, 0x06);

export function encodeControl(state: ControlState, random: RandomSource): Uint8Array {
  const length = random.below(maxPaddingBytes);
  const head = state === 'drain' ? [0x08, 0x01] : [];
  if (length === 0) return Uint8Array.from(head.length === 0 ? [...paddingTag, 0] : head);
  return Uint8Array.from([...head, ...paddingTag, length, ...random.fill(new Uint8Array(length))]);
}

/** What a message says; `active` for one that is damaged, since nothing depends on it. */
export function decodeControl(message: Uint8Array): ControlState {
  let state: ControlState = 'active';
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at];
      if (byte === undefined) return undefined;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < message.length) {
    const key = varint();
    if (key === undefined) break;
    const wire = key & 7;
    if (wire !== 0 && wire !== 2) break;
    const value = varint();
    if (value === undefined) break;
    if (wire === 2) at += value;
    else if (key >>> 3 === 1) state = value === 1 ? 'drain' : 'active';
  }
  return state;
}
