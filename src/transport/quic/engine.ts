/**
 * The QUIC engine: quiche in `@matrixai/quic`, an optional peer dependency. Only its state machine is used, which turns
 * datagrams into stream bytes; sockets, timers and streams are ours.
 */
import { TsrayError } from '../../core/errors.js';

export interface EngineAddress {
  readonly host: string;
  readonly port: number;
}

export interface EngineError {
  readonly isApp: boolean;
  readonly errorCode: number;
}

/** One QUIC connection. What fails throws an Error whose message is the name of quiche's error. */
export interface EngineConnection {
  /** A packet; it is decrypted in place. */
  recv(packet: Uint8Array, info: { readonly from: EngineAddress; readonly to: EngineAddress }): number;
  /** Writes the next packet to `out`; null: nothing to send. */
  send(out: Uint8Array): [length: number, info: { readonly to: EngineAddress }] | null;
  /** Null: nothing to read now. */
  streamRecv(id: number, out: Uint8Array): [length: number, end: boolean] | null;
  /** Returns how much of `bytes` was taken; null: nothing. `end` counts once all of it was. */
  streamSend(id: number, bytes: Uint8Array, end: boolean): number | null;
  /** Throws for a stream that the peer has stopped, or that is over. */
  streamCapacity(id: number): number;
  /** 0: STOP_SENDING, 1: RESET_STREAM. */
  streamShutdown(id: number, direction: 0 | 1, code: number): unknown;
  peerStreamsLeftBidi(): number;
  isReadable(): boolean;
  readable(): Iterable<number>;
  /** Whole milliseconds, rounded down; null: no timer is needed. */
  timeout(): number | null;
  onTimeout(): void;
  sendAckEliciting(): void;
  close(isApp: boolean, code: number, reason: Uint8Array): unknown;
  /** DER, leaf first. */
  peerCertChain(): readonly Uint8Array[] | null;
  isEstablished(): boolean;
  isDraining(): boolean;
  isClosed(): boolean;
  isTimedOut(): boolean;
  peerError(): EngineError | null;
  localError(): EngineError | null;
  stats(): { readonly recv: number };
  /** Milliseconds and bytes. */
  pathStats(): readonly { readonly active: boolean; readonly rtt: number; readonly cwnd: number }[];
}

/** Limits, ALPN and TLS of connections. */
export interface EngineConfig {
  setApplicationProtos(names: string[]): void;
  setMaxIdleTimeout(milliseconds: number): void;
  setMaxRecvUdpPayloadSize(bytes: number): void;
  setMaxSendUdpPayloadSize(bytes: number): void;
  setInitialMaxData(bytes: number): void;
  setInitialMaxStreamDataBidiLocal(bytes: number): void;
  setInitialMaxStreamDataBidiRemote(bytes: number): void;
  setInitialMaxStreamsBidi(count: number): void;
  setInitialMaxStreamsUni(count: number): void;
  setMaxStreamWindow(bytes: number): void;
  enablePacing(on: boolean): void;
  setCcAlgorithmName(name: string): void;
}

export interface QuicEngine {
  readonly Config: {
    /** PEM each. Throws for what is none. */
    withBoringSslCtx(
      verifyPeer: boolean,
      verifyAllowFail: boolean,
      authorities: Uint8Array | null,
      keys: Uint8Array[] | null,
      chains: Uint8Array[] | null,
      signatureAlgorithms: string | null,
    ): EngineConfig;
  };
  readonly Connection: {
    connect(
      serverName: string | null,
      id: Uint8Array,
      local: EngineAddress,
      remote: EngineAddress,
      config: EngineConfig,
    ): EngineConnection;
    accept(
      id: Uint8Array,
      originalId: Uint8Array | null,
      local: EngineAddress,
      remote: EngineAddress,
      config: EngineConfig,
    ): EngineConnection;
  };
  /** Writes a Retry packet; returns its length. `newId` is what the client is to call us from then on. */
  retry(
    sourceId: Uint8Array,
    destinationId: Uint8Array,
    newId: Uint8Array,
    token: Uint8Array,
    version: number,
    out: Uint8Array,
  ): number;
  /** Writes a Version Negotiation packet; returns its length. */
  negotiateVersion(sourceId: Uint8Array, destinationId: Uint8Array, out: Uint8Array): number;
}

const packageName = '@matrixai/quic';

let loading: Promise<QuicEngine> | undefined;

/** Loads the engine once. Rejects with ERR_MISSING_PACKAGE. */
export function loadEngine(): Promise<QuicEngine> {
  loading ??= importEngine(() => import('@matrixai/quic/native/quiche.js'));
  return loading;
}

/** `load` imports the engine's module. */
export async function importEngine(load: () => Promise<{ readonly default: unknown }>): Promise<QuicEngine> {
  try {
    return (await load()).default as QuicEngine;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    throw code === 'ERR_MODULE_NOT_FOUND'
      ? new TsrayError('ERR_MISSING_PACKAGE', `the transport "quic" needs the package ${packageName}`, {
          hint: `Install it beside tsray: npm install ${packageName}`,
          cause,
        })
      : new TsrayError(
          'ERR_MISSING_PACKAGE',
          `the transport "quic" cannot be had: ${packageName} has nothing for ${process.platform} ${process.arch}`,
          {
            hint: 'Its version 2 was published for Linux on x64. The transports kcp and grpc need no package.',
            cause,
          },
        );
  }
}
