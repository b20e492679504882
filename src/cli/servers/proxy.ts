/** A local proxy to one server: SOCKS and HTTP on one port. */
import { createLog } from '../../app/log/log.js';
import type { TextStream } from '../../app/log/sink.js';
import { createInstance, type Instance } from '../../compose/instance.js';
import { readEnvironmentFlags } from '../../config/environment.js';
import { parseConfigValue } from '../../config/parse-config.js';
import { systemClock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { ListenAddress } from '../listen-address.js';
import type { Candidate } from './candidates.js';

export interface ProxyOptions {
  readonly listen: ListenAddress;
  /** Level of the log; connections from info on. */
  readonly log: string;
  /** Where the log goes. Default: standard output. */
  readonly output?: TextStream;
}

/** Not started. Throws ERR_LINK. */
export function proxyTo(
  candidate: Candidate,
  { listen, log, output = process.stdout }: ProxyOptions,
): Instance {
  const logsConnections = log === 'debug' || log === 'info';
  const config = {
    log: { loglevel: log, access: logsConnections ? '' : 'none' },
    inbounds: [
      { tag: 'proxy', protocol: 'socks', listen: listen.host, port: listen.port, settings: { udp: true } },
    ],
    outbounds: [{ tag: 'server', ...candidate.link?.outbound }],
  };
  const { errors, settings } = parseConfigValue(config, { fileName: 'link' });
  if (settings === undefined) throw new TsrayError('ERR_LINK', errors[0]?.message ?? 'cannot be used');
  return createInstance(settings, {
    flags: readEnvironmentFlags(process.env),
    log: createLog({ ...settings.log, clock: systemClock, stdout: output }),
  });
}

/** Of the proxy, once it has started. */
export function portOf(instance: Instance): number {
  const address = instance.inbounds[0]?.addresses[0] ?? '';
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
