/** Protobuf messages by a table of their fields. Pure: bytes to plain objects and back. */
import { FieldCursor, MalformedMessage, wireBytes, wireVarint } from '../../core/protobuf.js';

/** `repeated` fields are lists, empty when absent. Numbers are unsigned and exact up to 2^53. */
export interface Field {
  readonly number: number;
  readonly type: 'string' | 'bytes' | 'bool' | 'number' | MessageType;
  readonly repeated?: true;
}

/** Field names to fields. */
export type MessageType = { readonly [name: string]: Field };

export type Value = string | Uint8Array | boolean | number | Message | readonly Value[];

/** Absent fields that are not repeated have their type's empty value, or are undefined for messages. */
export type Message = { readonly [name: string]: Value | undefined };

const mostDepth = 16;

/** What is done with fields that a message type lacks: passed over, as protobuf wants it, or refused if they say something. */
export type Strangers = 'skipped' | 'refused';

/** Throws MalformedMessage. */
export function decodeMessage(
  type: MessageType,
  bytes: Uint8Array,
  strangers: Strangers = 'skipped',
  depth = 0,
): Message {
  if (depth > mostDepth) throw new MalformedMessage('messages are nested too deeply');
  const result: Record<string, Value | undefined> = {};
  for (const [name, field] of Object.entries(type)) result[name] = field.repeated ? [] : empty(field.type);
  const names = new Map(Object.entries(type).map(([name, field]) => [field.number, name]));
  const cursor = new FieldCursor(bytes);
  while (cursor.next()) {
    const name = names.get(cursor.field);
    if (name === undefined) {
      if (strangers === 'refused' && saysSomething(cursor))
        throw new MalformedMessage(`the field ${cursor.field} is not supported`);
      continue;
    }
    const field = type[name]!;
    const isNumber = field.type === 'bool' || field.type === 'number';
    if (isNumber && field.repeated && cursor.wire === wireBytes) {
      (result[name] as Value[]).push(...packed(bytes.subarray(cursor.from, cursor.to)));
      continue;
    }
    if (cursor.wire !== (isNumber ? wireVarint : wireBytes)) {
      throw new MalformedMessage(`the field ${cursor.field} is of another type`);
    }
    const raw = isNumber ? cursor.value : bytes.subarray(cursor.from, cursor.to);
    const value = inField(name, field.type, () => decodeValue(field.type, raw, strangers, depth));
    if (field.repeated) (result[name] as Value[]).push(value);
    else result[name] = value;
  }
  return result;
}

function saysSomething({ from, to, value, wire }: FieldCursor): boolean {
  return wire === wireVarint ? value !== 0 : to > from;
}

/** Numbers of a list in one field. */
function packed(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (scale > 2 ** 70) throw new MalformedMessage('a number is longer than ten bytes');
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0;
    scale = 1;
  }
  if (scale > 1) throw new MalformedMessage('a number is cut off');
  return numbers;
}

/** What is wrong inside a message says in which field it is. */
function inField<T>(name: string, type: Field['type'], read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (typeof type === 'string' || !(error instanceof MalformedMessage)) throw error;
    throw new MalformedMessage(`${name}: ${error.message}`);
  }
}

function empty(type: Field['type']): Value | undefined {
  if (type === 'string') return '';
  if (type === 'bytes') return new Uint8Array(0);
  if (type === 'bool') return false;
  return type === 'number' ? 0 : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeValue(
  type: Field['type'],
  raw: number | Uint8Array,
  strangers: Strangers,
  depth: number,
): Value {
  if (typeof raw === 'number') return type === 'bool' ? raw !== 0 : raw;
  if (type === 'bytes') return raw;
  if (type !== 'string') return decodeMessage(type as MessageType, raw, strangers, depth + 1);
  try {
    return utf8.decode(raw);
  } catch {
    throw new MalformedMessage('a string is not UTF-8');
  }
}

/** Fields with their type's empty value are left out, as protobuf does it. */
export function encodeMessage(type: MessageType, message: Message): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, field] of Object.entries(type)) {
    const value = message[name];
    if (value === undefined) continue;
    const values = field.repeated ? (value as readonly Value[]) : [value];
    for (const each of values) encodeField(field, each, parts);
  }
  return Buffer.concat(parts);
}

function encodeField({ number, repeated, type }: Field, value: Value, parts: Uint8Array[]): void {
  if (type === 'bool' || type === 'number') {
    if (!value && !repeated) return;
    parts.push(varintBytes(number * 8), varintBytes(Number(value)));
    return;
  }
  const bytes =
    type === 'string'
      ? Buffer.from(value as string)
      : type === 'bytes'
        ? (value as Uint8Array)
        : encodeMessage(type, value as Message);
  if (bytes.length === 0 && !repeated && typeof type === 'string') return;
  parts.push(varintBytes(number * 8 + 2), varintBytes(bytes.length), bytes);
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
