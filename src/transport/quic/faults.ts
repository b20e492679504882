/** Why a QUIC connection ended, in words. */
import { TsrayError } from '../../core/errors.js';
import type { EngineConnection } from './engine.js';
import { clientIdleMs } from './limits.js';

export interface EndedConnection {
  readonly where: string;
  readonly established: boolean;
  /** By the engine. */
  readonly thrown: unknown;
}

/** TLS alerts are connection errors from here on (RFC 9001 section 4.8). */
const firstAlert = 0x100;

const verifyHint =
  'Put the CA that signed it into "certificates" with "usage": "verify", or pin the chain by "pinnedPeerCertificateChainSha256" with "allowInsecure": true.';

/** What we found wrong with the server, by the alert that BoringSSL sent. */
const ownAlerts: Readonly<Record<number, readonly [text: string, hint: string]>> = {
  42: ['its certificate is not for that name', 'Set "serverName" to the name that the certificate has.'],
  45: ['its certificate has expired', 'Renew it on the server; is the clock here right?'],
  46: ['its certificate was refused', verifyHint],
  48: ['its certificate is signed by nobody known here', verifyHint],
  120: ['there is no ALPN in common', 'Leave "alpn" out on both sides, or set the same.'],
};

/** What the peer found wrong. */
const peerAlerts: Readonly<Record<number, readonly [text: string, hint: string]>> = {
  112: ['it does not know the name', 'Check "serverName".'],
  120: ['it speaks none of the protocols offered (ALPN)', 'Leave "alpn" out on both sides, or set the same.'],
};

const versionHint =
  'tsray speaks version 1 (RFC 9000). Older V2Ray releases speak drafts of it: update the server.';

export function connectionFault(
  engine: EngineConnection,
  { established, thrown, where }: EndedConnection,
): TsrayError {
  if (thrown instanceof Error && thrown.message === 'UnknownVersion') {
    return new TsrayError('ERR_PROTOCOL', `${where} speaks another version of QUIC`, {
      hint: versionHint,
      cause: thrown,
    });
  }
  const local = engine.localError();
  if (local !== null && !local.isApp && local.errorCode >= firstAlert) {
    return tlsFault(where, ownAlerts[local.errorCode - firstAlert], local.errorCode, 'refused it');
  }
  const peer = engine.peerError();
  if (peer !== null && !peer.isApp && peer.errorCode >= firstAlert) {
    return tlsFault(where, peerAlerts[peer.errorCode - firstAlert], peer.errorCode, 'it refused');
  }
  if (engine.isTimedOut()) {
    return new TsrayError(
      'ERR_RESET',
      `${where} stopped answering: no QUIC packet for ${clientIdleMs / 1000} s`,
    );
  }
  if (thrown !== undefined) {
    return new TsrayError('ERR_PROTOCOL', `${where} broke the rules of QUIC`, { cause: thrown });
  }
  if (peer !== null && !established) {
    return new TsrayError('ERR_DIAL_REFUSED', `${where} refused the QUIC connection`);
  }
  return new TsrayError('ERR_RESET', `${where} closed the QUIC connection`);
}

function tlsFault(
  where: string,
  known: readonly [text: string, hint: string] | undefined,
  code: number,
  otherwise: string,
): TsrayError {
  const text = known?.[0] ?? `${otherwise} (alert ${code - firstAlert})`;
  return new TsrayError('ERR_TLS', `TLS with ${where}: ${text}`, {
    ...(known === undefined ? {} : { hint: known[1] }),
  });
}

/** A handshake that is not done when its time is over; `heard`: the peer has said something. */
export function handshakeFault(where: string, handshakeMs: number, heard: boolean): TsrayError {
  const within = `within ${handshakeMs / 1000} s`;
  return heard
    ? new TsrayError('ERR_HANDSHAKE_TIMEOUT', `${where} did not finish its QUIC handshake ${within}`)
    : new TsrayError('ERR_DIAL_TIMEOUT', `${where} did not answer ${within}`, {
        hint: 'Is the server running, may UDP pass, and are key, security and header the same on both sides?',
      });
}
