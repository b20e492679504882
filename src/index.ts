/**
 * tsray as a library: a VMess client and server for Node programs, and whole V2Ray configurations.
 *
 * `tsray/codec` has the codecs without any sockets, `tsray/config` the configuration alone.
 */

export type { RunningInbound } from './compose/instance.js';
export { type ParsedConfig, type ParseOptions, parseConfig } from './config/parse-config.js';
export { type ConfigProblem, formatProblem } from './config/problem.js';
export type { Settings } from './config/settings.js';
export { type FormatOptions, formatShareLink } from './config/share-link/format-share-link.js';
export type { LinkOutbound, LinkStream } from './config/share-link/outbound.js';
export { parseShareLink, type ShareLink } from './config/share-link/share-link.js';
export type { LinkStyle } from './config/share-link/write.js';
export type { SubscriptionEntry } from './config/subscription/entry.js';
export { parseSubscription } from './config/subscription/parse-subscription.js';
export type { SubscriptionProfile } from './config/subscription/profile.js';
export type { SubscriptionUserInfo } from './config/subscription/user-info.js';
export type { EnvironmentFlags } from './contract/environment.js';
export type { LogLevel } from './contract/logger.js';
export { type ErrorCode, errorCodes, TsrayError } from './core/errors.js';
export { type Client, type ClientOptions, type ConnectOptions, createClient } from './library/client.js';
export { ConfigError } from './library/config-error.js';
export type { Connection } from './library/connection.js';
export type { DatagramEvents, DatagramPayload, DatagramSocket } from './library/datagram-socket.js';
export type { ClientFetch, ClientRequestInit } from './library/fetch.js';
export { generateId } from './library/generate-id.js';
export type { DatagramHandler, TargetHandler } from './library/handler-outbound.js';
export type { HttpAgent, HttpAgentOptions } from './library/http-agent.js';
export { createInstance, type Instance, type InstanceOptions } from './library/instance.js';
export type { OutboundObject, PolicyLevel, StreamObject } from './library/json-objects.js';
export type { LogEntry, LogOptions } from './library/log-entry.js';
export type { PingOptions, PingResult } from './library/ping.js';
export { type CloseOptions, createServer, type Server, type ServerOptions } from './library/server.js';
export type { ServerAddress, VmessServer } from './library/server-address.js';
export type {
  ClosedConnection,
  ConnectionInfo,
  RefusedConnection,
  ServerEvents,
} from './library/server-events.js';
export type { ListedUser, ServerUser, ServerUsers } from './library/server-users.js';
export { fetchSubscription, type Subscription, type SubscriptionOptions } from './library/subscription.js';
export type { Target } from './library/target.js';
export type { TargetDatagrams, TargetDatagramsEvents } from './library/target-datagrams.js';
export type { TlsOptions } from './library/tls-options.js';
export type { DispatcherConnectOptions, DispatcherOptions } from './library/undici.js';
