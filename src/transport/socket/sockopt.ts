/** Socket options (docs/config.md, "sockopt"), as far as Node and the addon can set them. */
import type { OwnSocketOptions } from './own-socket.js';

/** How the firewall leads connections here: by REDIRECT or by TPROXY. */
export type Tproxy = 'redirect' | 'tproxy';

export interface SockoptSettings {
  /** PROXY protocol header required on inbounds. */
  readonly acceptProxyProtocol: boolean;
  /** Milliseconds without data until the first keep-alive probe; 0: none are sent; absent: `defaultKeepAliveMs`. */
  readonly keepAliveMs?: number;
  /** SO_MARK of sockets, for the firewall and for routing rules; absent: none. */
  readonly mark?: number;
  /** Absent: off. */
  readonly tproxy?: Tproxy;
  /** Listening TCP sockets of several threads share the port (ours; no configuration has it). Absent: they do not. */
  readonly reusePort?: true;
}

/** Go's, and so V2Ray's, on both sides. */
const defaultKeepAliveMs = 15_000;

/** Undefined: no probes. */
export function keepAliveDelayMs({ keepAliveMs = defaultKeepAliveMs }: SockoptSettings): number | undefined {
  return keepAliveMs === 0 ? undefined : keepAliveMs;
}

/** What the sockets of an outbound need beside what Node sets. As in V2Ray both kinds of `tproxy` make them transparent. */
export function outgoingSocketOptions({ mark, tproxy }: SockoptSettings): OwnSocketOptions {
  return {
    ...(mark === undefined ? {} : { mark }),
    ...(tproxy === undefined ? {} : { transparent: true }),
  };
}

/** Of a listening TCP socket: what is redirected arrives at an address of this machine, and needs no privilege. */
export function listeningSocketOptions({ mark, reusePort, tproxy }: SockoptSettings): OwnSocketOptions {
  return {
    ...(mark === undefined ? {} : { mark }),
    ...(tproxy === 'tproxy' ? { transparent: true } : {}),
    ...(reusePort === undefined ? {} : { reusePort }),
  };
}
