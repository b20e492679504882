/**
 * Response command 1, switch account (docs/wire-format.md, section 5): a server tells its client of another port and
 * user, for some minutes.
 *
 *     FNV-1a of what follows(4) ‖ host length(1) ‖ host ‖ port(2) ‖ user ID(16) ‖ alterId(2) ‖ level(1) ‖ minutes(1)
 */
import { ByteReader, ShortInput } from '../../core/bytes/reader.js';
import { ByteWriter } from '../../core/bytes/writer.js';
import { TsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import { hostFromBytes } from '../../core/net/host-name.js';
import { fnv1a32 } from '../../crypto/pure/fnv1a32.js';
import { emptyResponseHeader, type ResponseHeader } from './header/response.js';
import { uuidBytes } from './uuid.js';

/** Response command 1: a server offers its client another account for a time (dynamic ports). */
export interface SwitchAccount {
  /** Undefined: the server that sent it. */
  readonly address: Address | undefined;
  readonly port: number;
  /** 16 bytes. Secret. */
  readonly id: Uint8Array;
  readonly alterId: number;
  readonly level: number;
  /** 0 … 255. */
  readonly validMinutes: number;
}

const switchAccountCommand = 1;
const checksumBytes = 4;
/** The length byte of the response header covers the checksum too. */
const maxDataBytes = 255;

/** The response header that carries the command. Throws ERR_LIMIT for a host over 228 bytes. */
export function encodeSwitchAccount(command: SwitchAccount): ResponseHeader {
  const host = new TextEncoder().encode(command.address?.host ?? '');
  const payload = new ByteWriter(64)
    .u8(host.length)
    .bytes(host)
    .u16(command.port)
    .bytes(command.id)
    .u16(command.alterId)
    .u8(command.level)
    .u8(command.validMinutes)
    .done();
  if (payload.length + checksumBytes > maxDataBytes) {
    throw new TsrayError(
      'ERR_LIMIT',
      `a host of ${host.length} bytes does not fit the switch-account command`,
    );
  }
  const commandData = new ByteWriter(payload.length + checksumBytes)
    .u32(fnv1a32(payload))
    .bytes(payload)
    .done();
  return { ...emptyResponseHeader, command: switchAccountCommand, commandData };
}

/**
 * The command of a response header, or undefined for none, an unknown or a malformed one: those are ignored. Without
 * its last byte (which crashed V2Ray's clients) it counts as valid for 0 minutes.
 */
export function decodeSwitchAccount(header: ResponseHeader): SwitchAccount | undefined {
  if (header.command !== switchAccountCommand) return undefined;
  try {
    const reader = new ByteReader(header.commandData);
    if (reader.u32() !== fnv1a32(header.commandData.subarray(checksumBytes))) return undefined;
    const host = reader.take(reader.u8());
    const address = host.length === 0 ? undefined : hostFromBytes(host);
    const port = reader.u16();
    const id = new Uint8Array(reader.take(uuidBytes));
    const alterId = reader.u16();
    const level = reader.u8();
    const validMinutes = reader.remaining > 0 ? reader.u8() : 0;
    // Nothing can be reached there.
    if ((host.length > 0 && address === undefined) || port === 0) return undefined;
    return { address, port, id, alterId, level, validMinutes };
  } catch (error) {
    if (error instanceof ShortInput) return undefined;
    throw error;
  }
}
