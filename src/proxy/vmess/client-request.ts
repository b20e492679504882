/** The client's opening of a connection: fresh keys and the request header in its envelope. */
import { TsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import type { RandomSource } from '../../core/random.js';
import type { CryptoProvider } from '../../crypto/provider.js';
import type { Account } from './account.js';
import { authIdBytes, sealAuthId } from './auth-id.js';
import { type Command, requestOption, type WireSecurity } from './constants.js';
import { connectionNonceBytes, sealRequestHeader } from './header/aead.js';
import { chooseLegacyAuth, sealLegacyRequestHeader } from './header/legacy.js';
import { encodeRequestHeader, maxHeaderPaddingBytes, muxAddress } from './header/request.js';
import { deriveSessionKeys, type HeaderKind, type SessionKeys } from './header/session-keys.js';

/** What a request says. */
export interface RequestFields {
  readonly command: Command;
  /** Ignored for mux. */
  readonly destination: { readonly address: Address; readonly port: number } | undefined;
  readonly security: WireSecurity;
  /** Option bits (`requestOption`). */
  readonly options: number;
}

/** What making a request needs. */
export interface RequestDeps {
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  /** Seconds since the epoch. */
  nowSeconds(): number;
}

/** A request as it goes out, and the keys of what follows. */
export interface ClientRequest {
  /** To be sent in one write, with the first payload behind it. */
  readonly envelope: Uint8Array;
  readonly keys: SessionKeys;
}

const muxDestination = { address: muxAddress, port: 0 };

/**
 * Throws ERR_LIMIT for a domain over 255 bytes and ERR_INTERNAL for options no server takes (padding without
 * masking) or a missing destination.
 */
export function createRequest(
  fields: RequestFields,
  account: Account,
  kind: HeaderKind,
  deps: RequestDeps,
): ClientRequest {
  const { options } = fields;
  if ((options & requestOption.globalPadding) !== 0 && (options & requestOption.chunkMasking) === 0) {
    throw new TsrayError('ERR_INTERNAL', 'global padding needs chunk masking');
  }
  const destination = fields.command === 'mux' ? muxDestination : fields.destination;
  if (destination === undefined)
    throw new TsrayError('ERR_INTERNAL', `${fields.command} needs a destination`);

  // One draw for everything random: key, IV, V, padding length, padding, AuthID, connection nonce.
  const chance = deps.random.fill(
    new Uint8Array(16 + 16 + 1 + 1 + maxHeaderPaddingBytes + 4 + connectionNonceBytes),
  );
  const paddingBytes = chance[33]! & 0x0f;
  const padding = chance.subarray(34, 34 + paddingBytes);
  const keys = deriveSessionKeys(deps.crypto, kind, chance.slice(0, 16), chance.slice(16, 32), chance[32]!);
  const plain = encodeRequestHeader(
    {
      requestIv: keys.requestIv,
      requestKey: keys.requestKey,
      responseAuth: keys.v,
      options,
      security: fields.security,
      command: fields.command,
      address: destination.address,
      port: destination.port,
    },
    padding,
  );
  if (kind === 'legacy') {
    const { id, timestamp } = chooseLegacyAuth(account, deps.nowSeconds(), deps.random);
    return { envelope: sealLegacyRequestHeader(deps.crypto, account.cmdKey, id, timestamp, plain), keys };
  }
  const authId = new Uint8Array(authIdBytes);
  sealAuthId(account.authIdSchedule, deps.nowSeconds(), chance.subarray(49, 53), authId);
  return {
    envelope: sealRequestHeader(deps.crypto, account.cmdKey, authId, chance.subarray(53, 61), plain),
    keys,
  };
}
