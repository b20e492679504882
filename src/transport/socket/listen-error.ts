/** Why a listening socket could not be opened, in words. */
import { TsrayError } from '../../core/errors.js';

const known: Readonly<Record<string, readonly [text: string, hint: string]>> = {
  EADDRINUSE: ['the port is in use', 'Another program uses the port: stop it, or choose another port.'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n, LimitNOFILE= of systemd).'],
  EACCES: ['permission denied', 'Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE.'],
  EPERM: [
    'the operation is not permitted',
    '"sockopt.mark" and "tproxy" need root or the capability CAP_NET_ADMIN.',
  ],
  EADDRNOTAVAIL: ['the address is not one of this machine', 'listen must be an address of this machine.'],
};

const withoutIpv6 = [
  'the address is not one of this machine',
  'It is an IPv6 address: is IPv6 switched off here? 0.0.0.0 stands for all addresses there are.',
] as const;

const knownOfPaths: Readonly<Record<string, readonly [text: string, hint: string]>> = {
  EADDRINUSE: ['the name is in use', 'Another program listens there: stop it, or choose another name.'],
  EACCES: ['permission denied', 'The user running tsray must be able to create files in that folder.'],
  ENOENT: ['there is no such folder', 'Create the folder of the path first.'],
  EINVAL: ['the name is too long', 'Names of Unix sockets have at most 107 bytes.'],
};

/** `where`: `host:port`, or a path (`isPath`). */
export function listenError(where: string, isPath: boolean, error: NodeJS.ErrnoException): TsrayError {
  const noIpv6 =
    !isPath && where.startsWith('[') && /^(EADDRNOTAVAIL|EAFNOSUPPORT|EINVAL)$/.test(error.code ?? '');
  const entry = noIpv6 ? withoutIpv6 : (isPath ? knownOfPaths : known)[error.code ?? ''];
  return new TsrayError('ERR_LISTEN', `cannot listen on ${where}: ${entry?.[0] ?? error.message}`, {
    ...(entry === undefined ? {} : { hint: entry[1] }),
    cause: error,
  });
}
