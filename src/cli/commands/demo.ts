/** `tsray demo`: a VMess server and a VMess client in one process, with a SOCKS and HTTP proxy in front. */
import { Command, InvalidArgumentError } from 'commander';
import { createLog } from '../../app/log/log.js';
import { createInstance, type Instance } from '../../compose/instance.js';
import { parseConfig } from '../../config/parse-config.js';
import { systemClock } from '../../core/clock.js';
import { describeError, TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import { systemRandom } from '../../core/random.js';
import { formatUuid, randomUuid } from '../../proxy/vmess/uuid.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { inUseHint } from '../in-use.js';
import { pasteLines } from '../proxy-hints.js';
import { untilStopped } from '../signals.js';

interface DemoFlags {
  readonly port: number;
}

const busyHint = 'Choose another with --port, such as `npm start -- --port 1081`.';

const noFlags = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };

export function demoCommand(outcome: Outcome): Command {
  return new Command('demo')
    .description('try tsray: a VMess server and client on this machine, with a SOCKS and HTTP proxy')
    .option('--port <port>', 'port of the proxy on 127.0.0.1', parsePort, 1080)
    .action(async (flags: DemoFlags) => {
      try {
        await demo(flags.port);
      } catch (error) {
        console.error(
          `tsray: ${describeError(inUseHint(error, { host: '127.0.0.1', port: flags.port }, busyHint))}`,
        );
        outcome.code = exitCode.failure;
      }
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || text.trim() === '') {
    throw new InvalidArgumentError('expected a port, 0 to 65535 (0: any free one).');
  }
  return port;
}

async function demo(port: number): Promise<void> {
  // Lives in this process's memory only, and dies with it.
  const id = formatUuid(randomUuid(systemRandom));
  const server = build({
    log: { loglevel: 'warning' },
    inbounds: [
      { tag: 'server', protocol: 'vmess', listen: '127.0.0.1', port: 0, settings: { clients: [{ id }] } },
    ],
    outbounds: [{ tag: 'direct', protocol: 'freedom' }],
  });
  await server.start();
  let client: Instance | undefined;
  try {
    const serverPort = portOf(server);
    client = build({
      log: { loglevel: 'warning' },
      inbounds: [{ tag: 'proxy', protocol: 'socks', listen: '127.0.0.1', port, settings: { udp: true } }],
      outbounds: [
        {
          tag: 'vmess',
          protocol: 'vmess',
          settings: { vnext: [{ address: '127.0.0.1', port: serverPort, users: [{ id }] }] },
        },
      ],
    });
    await client.start();
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  const both = client;
  const stopped = untilStopped(
    {
      stop: async (graceMs) => {
        await both.stop(graceMs);
        await server.stop(graceMs);
      },
      reopenLogs: () => Promise.resolve(),
    },
    1000,
  );
  introduce(portOf(client), portOf(server));
  await stopped;
}

function build(config: object): Instance {
  const { settings, errors } = parseConfig(JSON.stringify(config), { fileName: 'demo' });
  if (settings === undefined) throw new TsrayError('ERR_INTERNAL', errors[0]?.message ?? 'no settings');
  return createInstance(settings, {
    flags: noFlags,
    log: createLog({ ...settings.log, clock: systemClock, stdout: process.stdout }),
  });
}

function portOf(instance: Instance): number {
  const address = instance.inbounds[0]?.addresses[0] ?? '';
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

function introduce(port: number, serverPort: number): void {
  const proxy = formatHostPort('127.0.0.1', port);
  console.log(`tsray runs on this machine, with a fresh user ID kept in memory only:
  VMess server   ${formatHostPort('127.0.0.1', serverPort)}
  VMess client   to that server
  proxy          ${proxy} (SOCKS4, SOCKS5 and HTTP on one port)

${pasteLines(proxy)}

Ctrl-C stops it.`);
}
