/** Messages that bring the name of their type: V2Ray 4's TypedMessage and the Any of V2Ray 5, which have the same fields. */
import { encodeMessage, type Message, type MessageType } from './message.js';

/** `value` is encoded. */
export const typedMessage: MessageType = {
  type: { number: 1, type: 'string' },
  value: { number: 2, type: 'bytes' },
};

export interface Typed {
  /** Without its family: `proxy.vmess.Account` of `v2ray.core.proxy.vmess.Account`. */
  readonly name: string;
  readonly given: string;
  readonly value: Uint8Array;
}

/** Undefined for an absent message. */
export function readTyped(message: Message | undefined): Typed | undefined {
  if (message === undefined) return undefined;
  const { type, value } = message as { readonly type: string; readonly value: Uint8Array };
  const name = type.replace(/^types\.v2fly\.org\//, '').replace(/^(?:v2ray\.core|xray)\./, '');
  return { name, given: type, value };
}

/** In the family of the caller, who called `path`. */
export function writeTyped(path: string, name: string, type: MessageType, message: Message): Message {
  const family = path.startsWith('/xray.') ? 'xray' : 'v2ray.core';
  return { type: `${family}.${name}`, value: encodeMessage(type, message) };
}
