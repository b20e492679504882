/** `tsray init client|server` */

import { Argument, Command } from 'commander';
import type { ShareLink } from '../../config/share-link/share-link.js';
import { TsrayError } from '../../core/errors.js';
import { systemRandom } from '../../core/random.js';
import { formatUuid, randomUuid } from '../../proxy/vmess/uuid.js';
import { clientTemplate, serverTemplate } from '../config-templates.js';
import type { Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { writeNewFile } from '../files.js';
import { type ListenAddress, parseListenAddress } from '../listen-address.js';
import { parsePort } from '../ports.js';
import { fileHelp, readCandidates, serversGiven, serversHelp } from '../servers/candidates.js';
import { printNotes } from '../servers/notes.js';
import { pickServer } from '../servers/pick.js';

interface InitFlags {
  readonly output: string;
  readonly listen?: ListenAddress;
  readonly port?: number;
  readonly server?: string;
  readonly file?: string;
}

const defaultListen: ListenAddress = { host: '127.0.0.1', port: 1080 };
/** What V2Ray's own examples have. */
const defaultServerPort = 10_086;

export function initCommand(outcome: Outcome): Command {
  return new Command('init')
    .description('write a configuration with comments to start from')
    .addArgument(new Argument('<what>', 'what to configure').choices(['client', 'server']))
    .argument('[servers]', `client: ${serversHelp}`)
    .option('--file <file>', `client: ${fileHelp}`)
    .option('--server <which>', 'client: which server of several: its name, part of it, or its number')
    .option('-o, --output <file>', 'file to write; - is standard output', 'config.json')
    .option(
      '--listen <address>',
      'client: where the proxy listens (default: 127.0.0.1:1080)',
      parseListenAddress,
    )
    .option('--port <port>', `server: its port (default: ${defaultServerPort})`, parsePort)
    .action((what: 'client' | 'server', servers: string | undefined, flags: InitFlags) =>
      reporting(outcome, () => {
        const given = serversGiven(servers, flags.file);
        return what === 'client' ? initClient(given, flags) : initServer(given, flags);
      }),
    );
}

async function initClient(servers: string | undefined, flags: InitFlags): Promise<void> {
  if (flags.port !== undefined) throw misplaced('--port', 'server', 'A client has --listen 127.0.0.1:1080.');
  if (servers === undefined && flags.server !== undefined) {
    throw new TsrayError('ERR_USAGE', '--server needs a subscription to choose from');
  }
  const link = servers === undefined ? undefined : await pickLink(servers, flags.server);
  const text = clientTemplate(flags.listen ?? defaultListen, link?.outbound);
  await put(flags.output, text, [
    link === undefined ? 'Fill in the server in that file. Then:' : 'Next:',
    ...steps(flags.output, [
      ['test', 'checks it'],
      ['run', 'starts the proxy'],
      ['ping', 'tries the server'],
    ]),
  ]);
}

async function pickLink(given: string, server: string | undefined): Promise<ShareLink | undefined> {
  const candidates = await readCandidates(given);
  const picked = await pickServer(candidates, { server, target: undefined });
  printNotes({ ...candidates, servers: [picked], useless: [] });
  return picked.link;
}

async function initServer(servers: string | undefined, flags: InitFlags): Promise<void> {
  if (flags.server !== undefined) throw misplaced('--server', 'client', 'It chooses one of a subscription.');
  if (flags.listen !== undefined) throw misplaced('--listen', 'client', 'A server has --port 443.');
  if (servers !== undefined) throw misplaced('a link', 'client', 'A server gets an ID of its own.');
  const id = formatUuid(randomUuid(systemRandom));
  const port = flags.port ?? defaultServerPort;
  await put(flags.output, serverTemplate(id, port), [
    `It has a fresh user ID and port ${port}. Next:`,
    ...steps(flags.output, [
      ['test', 'checks it'],
      ['run', 'starts the server'],
      ['link --address HOST', 'prints the link for clients; HOST is this machine'],
    ]),
  ]);
}

function misplaced(given: string, owner: string, hint: string): TsrayError {
  return new TsrayError('ERR_USAGE', `${given} belongs to \`tsray init ${owner}\``, { hint });
}

function steps(output: string, rows: readonly (readonly [command: string, purpose: string])[]): string[] {
  const commands = rows.map(([command]) => `tsray ${command}${fileFlag(output)}`);
  const width = Math.max(...commands.map((command) => command.length));
  return rows.map(([, purpose], index) => `  ${(commands[index] ?? '').padEnd(width)}  ${purpose}`);
}

/** `config.json` is found without being named. */
function fileFlag(output: string): string {
  return output === 'config.json' ? '' : ` -c ${/^[\w./-]+$/.test(output) ? output : JSON.stringify(output)}`;
}

async function put(output: string, text: string, next: readonly string[]): Promise<void> {
  if (output === '-') {
    process.stdout.write(text);
    return;
  }
  await writeNewFile(output, text);
  console.log([`Wrote ${output}.`, ...next].join('\n'));
}
