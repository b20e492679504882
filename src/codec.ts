/**
 * `tsray/codec`: the protocols as pure functions and state machines, for programs with sockets of their own. Bytes in,
 * bytes out; crypto, clock and randomness are handed in. docs/codec.md explains each.
 *
 * A VMess client sends `createVmessRequest(…).envelope`, then what its `createBodyEncoder` writes; it reads with
 * `ResponseHeaderDecoder`, then `createBodyDecoder`. A server reads with `VmessServerHandshake`, whose step `claim` asks
 * for the answer of a store and `prepare` for `users.prepare`, then `createBodyDecoder`; it sends
 * `sealResponseHeader(…).envelope`, then what its encoder writes.
 */
export type { Novelty, ReplayStore } from './contract/replay-store.js';
export { type ErrorCode, errorCodes, TsrayError } from './core/errors.js';
export { type Address, formatHostPort, parseAddress } from './core/net/address.js';
export { type Destination, formatDestination, type Network } from './core/net/destination.js';
export { type RandomSource, systemRandom } from './core/random.js';
export { defaultCrypto } from './crypto/index.js';
export { nodeCrypto } from './crypto/node.js';
export type { Aead, AeadName, CryptoProvider, Shake128, StreamCipher } from './crypto/provider.js';
export { ConnectHandshake as HttpConnectHandshake } from './proxy/http/connect-handshake.js';
export { SocksClientHandshake } from './proxy/socks/client-handshake.js';
export { decodePacket, encodePacketHeader } from './proxy/socks/packet.js';
export { SocksServerHandshake } from './proxy/socks/server-handshake.js';
export { type Account as VmessAccount, createAccount as createVmessAccount } from './proxy/vmess/account.js';
export type {
  BodyEncoder,
  BodyEncoderLimits,
  BodyEncoderOptions,
  BodyFormat,
  BodyKeys,
} from './proxy/vmess/body/codec.js';
export { createBodyEncoder } from './proxy/vmess/body/index.js';
export {
  createStandaloneBodyDecoder as createBodyDecoder,
  type StandaloneBodyDecoder as BodyDecoder,
} from './proxy/vmess/body/standalone-decoder.js';
export {
  type ClientRequest as VmessRequest,
  createRequest as createVmessRequest,
  type RequestDeps,
  type RequestFields,
} from './proxy/vmess/client-request.js';
export { decodeSwitchAccount, encodeSwitchAccount, type SwitchAccount } from './proxy/vmess/commands.js';
export { type Command, requestOption, type WireSecurity } from './proxy/vmess/constants.js';
export type { RequestHeader } from './proxy/vmess/header/request.js';
export {
  emptyResponseHeader,
  type ResponseHeader,
  ResponseHeaderDecoder,
  type ResponseStep,
  type SealedResponseHeader,
  sealResponseHeader,
} from './proxy/vmess/header/response.js';
export type { HeaderKind, SessionKeys } from './proxy/vmess/header/session-keys.js';
export { type RequestOptions, resolveSecurity, type SecurityChoice } from './proxy/vmess/request-options.js';
export { ServerHandshake as VmessServerHandshake } from './proxy/vmess/server-handshake.js';
export {
  createServerState as createVmessServerState,
  type ServerState as VmessServerState,
} from './proxy/vmess/server-state.js';
export type {
  AcceptedRequest,
  ServerHandshakeOptions as VmessServerHandshakeOptions,
  ServerStep,
} from './proxy/vmess/server-step.js';
export type { SecuritySetting, VmessUserSettings } from './proxy/vmess/settings.js';
export { type AuthIdMatch, UserTable as VmessUserTable, type VmessUser } from './proxy/vmess/user-table.js';
export { formatUuid, parseUserId, parseUuid, randomUuid } from './proxy/vmess/uuid.js';
