/** A failed connect in words: what happened, and what to look at. */
import { TsrayError } from '../../core/errors.js';

/** `where`: `host:port` or a path, for the message. `host`: what was to be resolved. */
export function dialError(where: string, host: string, error: NodeJS.ErrnoException): TsrayError {
  // Happy Eyeballs fails with one error for all addresses; the first tells most.
  const first =
    error instanceof AggregateError ? ((error.errors[0] as NodeJS.ErrnoException) ?? error) : error;
  // A resolver of ours has said it already.
  if (first instanceof TsrayError) return first;
  switch (first.code) {
    case 'ECONNREFUSED':
      return new TsrayError('ERR_DIAL_REFUSED', `${where} refused the connection`, {
        hint: 'Nothing listens on that port: is the program started, and the port right?',
        cause: error,
      });
    case 'ENOENT':
      return new TsrayError('ERR_DIAL_REFUSED', `${where}: there is no such socket`, {
        hint: 'Is the program that listens there started, and the path right?',
        cause: error,
      });
    case 'EACCES':
      return new TsrayError('ERR_DIAL_FAILED', `${where}: permission denied`, {
        hint: 'May the user running tsray use it?',
        cause: error,
      });
    case 'EPERM':
      return new TsrayError('ERR_DIAL_FAILED', `${where}: the operation is not permitted`, {
        hint: '"sockopt.mark" and "tproxy" need root or the capability CAP_NET_ADMIN; else a firewall forbids it.',
        cause: error,
      });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_FAIL':
      return new TsrayError('ERR_DNS', `the name ${host} could not be resolved`, {
        hint:
          first.code === 'EAI_AGAIN'
            ? 'Is the network up, and does its DNS server answer?'
            : 'Check the spelling of the name.',
        cause: error,
      });
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EHOSTDOWN':
      return new TsrayError('ERR_DIAL_UNREACHABLE', `${where} cannot be reached from this machine`, {
        hint: 'Is the network up, and does it carry that address family?',
        cause: error,
      });
    case 'ETIMEDOUT':
      return noAnswer(where, '', error);
    case 'EADDRNOTAVAIL':
      if (first.syscall === 'connect') return noLocalAddress(where, error);
      return new TsrayError('ERR_DIAL_FAILED', `${where}: the local address is not available`, {
        hint: 'sendThrough must be an address of this machine, of the same family as the destination.',
        cause: error,
      });
    case 'EMFILE':
    case 'ENFILE':
      return new TsrayError('ERR_DIAL_FAILED', `${where}: too many open files`, {
        hint: 'Every connection is one: raise the limit (ulimit -n, LimitNOFILE= of systemd).',
        cause: error,
      });
    default:
      return new TsrayError('ERR_DIAL_FAILED', `${where}: ${first.message}`, { cause: error });
  }
}

/** The system has found none to connect from. */
function noLocalAddress(where: string, cause: NodeJS.ErrnoException): TsrayError {
  const { address = where } = cause as { address?: string };
  const isIpv6 = address.split(':').length > 2;
  return new TsrayError('ERR_DIAL_UNREACHABLE', `${where} cannot be reached from this machine`, {
    hint: isIpv6
      ? 'It is an IPv6 address: is IPv6 switched off here?'
      : 'All local ports may be in use: are there very many connections?',
    cause,
  });
}

/** `within`: such as ` within 16 s`. */
export function noAnswer(where: string, within: string, cause?: unknown): TsrayError {
  return new TsrayError('ERR_DIAL_TIMEOUT', `${where} did not answer${within}`, {
    hint: 'Check the address and port, and whether a firewall drops the packets.',
    cause,
  });
}
