/** `tsray api` */
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { GrpcClient } from '../../app/api/grpc-client.js';
import { encodeMessage, type Message, type MessageType } from '../../app/api/message.js';
import { addUserOperation, removeUserOperation, vmessAccount } from '../../app/api/proxy-messages.js';
import { typedMessage } from '../../app/api/typed.js';
import { TsrayError } from '../../core/errors.js';
import type { Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';

interface ApiFlags {
  readonly server: string;
  readonly token?: string;
  readonly timeout: string;
  readonly reset?: boolean;
  readonly regexp?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

type Row = Readonly<Record<string, string | number>>;
type Action = (client: GrpcClient, args: readonly string[], flags: ApiFlags) => Promise<readonly Row[]>;

const tagged: MessageType = { tag: { number: 1, type: 'string' } };
const services = {
  stats: '/xray.app.stats.command.StatsService',
  handlers: '/xray.app.proxyman.command.HandlerService',
  log: '/xray.app.log.command.LoggerService',
};

const actions: Readonly<Record<string, { readonly args: readonly string[]; readonly run: Action }>> = {
  stats: {
    args: ['[pattern]'],
    async run(client, [pattern = ''], { regexp = false, reset = false }) {
      const request: MessageType = {
        pattern: { number: 1, type: 'string' },
        reset: { number: 2, type: 'bool' },
        regexp: { number: 4, type: 'bool' },
      };
      const stat: MessageType = { name: { number: 1, type: 'string' }, value: { number: 2, type: 'number' } };
      const answer = { stat: { number: 1, type: stat, repeated: true } } as const;
      const { stat: list } = await client.call(
        `${services.stats}/QueryStats`,
        request,
        { pattern, regexp, reset },
        answer,
      );
      return (list as readonly Row[]).toSorted((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1));
    },
  },
  sys: {
    args: [],
    async run(client) {
      const answer: MessageType = {
        handles: { number: 1, type: 'number' },
        alloc: { number: 3, type: 'number' },
        sys: { number: 5, type: 'number' },
        uptime: { number: 10, type: 'number' },
      };
      return [(await client.call(`${services.stats}/GetSysStats`, {}, {}, answer)) as Row];
    },
  },
  online: {
    args: [],
    async run(client) {
      const user: MessageType = {
        email: { number: 1, type: 'string' },
        ips: {
          number: 2,
          type: { ip: { number: 1, type: 'string' }, lastSeen: { number: 2, type: 'number' } },
          repeated: true,
        },
      };
      const answer: MessageType = { users: { number: 1, type: user, repeated: true } };
      const { users } = await client.call(`${services.stats}/GetUsersStats`, {}, {}, answer);
      return (users as readonly Message[]).flatMap(({ email, ips }) =>
        (ips as readonly Message[]).map(({ ip, lastSeen }) => ({
          email: email as string,
          address: ip as string,
          since: new Date((lastSeen as number) * 1000).toISOString(),
        })),
      );
    },
  },
  inbounds: { args: [], run: (client) => tags(client, 'ListInbounds', 'inbounds') },
  outbounds: { args: [], run: (client) => tags(client, 'ListOutbounds', 'outbounds') },
  users: {
    args: ['<inbound>'],
    async run(client, [tag = '']) {
      const user: MessageType = {
        level: { number: 1, type: 'number' },
        email: { number: 2, type: 'string' },
      };
      const answer: MessageType = { users: { number: 1, type: user, repeated: true } };
      const { users } = await client.call(`${services.handlers}/GetInboundUsers`, tagged, { tag }, answer);
      return users as readonly Row[];
    },
  },
  adu: {
    args: ['<inbound>', '<email>', '<id>'],
    async run(client, [tag = '', email = '', id = '']) {
      const account = { type: 'xray.proxy.vmess.Account', value: encodeMessage(vmessAccount, { id }) };
      const value = encodeMessage(addUserOperation, { user: { email, account } });
      await alter(client, tag, 'AddUserOperation', value);
      return [];
    },
  },
  rmu: {
    args: ['<inbound>', '<email>'],
    async run(client, [tag = '', email = '']) {
      await alter(client, tag, 'RemoveUserOperation', encodeMessage(removeUserOperation, { email }));
      return [];
    },
  },
  rmi: {
    args: ['<inbound>'],
    async run(client, [tag = '']) {
      await client.call(`${services.handlers}/RemoveInbound`, tagged, { tag }, {});
      return [];
    },
  },
  rmo: {
    args: ['<outbound>'],
    async run(client, [tag = '']) {
      await client.call(`${services.handlers}/RemoveOutbound`, tagged, { tag }, {});
      return [];
    },
  },
  cut: {
    args: ['<email>'],
    async run(client, [email = '']) {
      const named: MessageType = { email: { number: 1, type: 'string' } };
      const answer: MessageType = { connections: { number: 1, type: 'number' } };
      const path = '/tsray.app.control.command.ControlService/CutUser';
      return [(await client.call(path, named, { email }, answer)) as Row];
    },
  },
  restartlogger: {
    args: [],
    async run(client) {
      await client.call(`${services.log}/RestartLogger`, {}, {}, {});
      return [];
    },
  },
};

async function tags(client: GrpcClient, method: string, key: string): Promise<readonly Row[]> {
  const answer: MessageType = { list: { number: 1, type: tagged, repeated: true } };
  const { list } = await client.call(`${services.handlers}/${method}`, {}, {}, answer);
  return (list as readonly Message[]).map(({ tag }) => ({ [key]: tag as string }));
}

async function alter(client: GrpcClient, tag: string, operation: string, value: Uint8Array): Promise<void> {
  const request: MessageType = { ...tagged, operation: { number: 2, type: typedMessage } };
  const type = `xray.app.proxyman.command.${operation}`;
  await client.call(`${services.handlers}/AlterInbound`, request, { tag, operation: { type, value } }, {});
}

export function apiCommand(outcome: Outcome): Command {
  const usages = Object.entries(actions).map(([name, { args }]) => `  ${[name, ...args].join(' ')}`);
  return new Command('api')
    .description('ask and change a server that runs, by its gRPC API')
    .argument('<action...>', 'one of those below, with its arguments')
    .option('-s, --server <address>', 'host:port, or the path of a Unix socket', '127.0.0.1:8080')
    .option('--token <token>', 'what "api.token" of the server says')
    .option('-t, --timeout <seconds>', 'how long to wait for an answer', '3')
    .option('--reset', 'of stats: set what is read to 0')
    .option('--regexp', 'of stats: the pattern is a regular expression')
    .option('--watch', 'of stats and online: again each second, until interrupted')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', `\nActions:\n${usages.join('\n')}`)
    .action(([name = '', ...args]: readonly string[], flags: ApiFlags) =>
      reporting(outcome, () => callAction(name, args, flags)),
    );
}

async function callAction(name: string, args: readonly string[], flags: ApiFlags): Promise<void> {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) {
    throw new TsrayError('ERR_USAGE', `unknown action "${name}"`, {
      hint: `There are ${Object.keys(actions).join(', ')}.`,
    });
  }
  const least = action.args.filter((each) => each.startsWith('<')).length;
  if (args.length < least || args.length > action.args.length) {
    throw new TsrayError('ERR_USAGE', `expected: tsray api ${[name, ...action.args].join(' ')}`);
  }
  const seconds = Number(flags.timeout);
  if (!(seconds > 0 && seconds <= 3600)) throw new TsrayError('ERR_USAGE', 'expected a timeout in seconds');
  if (flags.watch === true && name !== 'stats' && name !== 'online') {
    throw new TsrayError('ERR_USAGE', '--watch is for stats and online');
  }
  if (!/^\/|^.+:\d{1,5}$/.test(flags.server)) {
    throw new TsrayError('ERR_USAGE', 'expected --server as host:port or the path of a Unix socket');
  }
  const client = new GrpcClient(flags.server, flags.token, seconds * 1000);
  try {
    for (;;) {
      print(await action.run(client, args, flags), flags);
      if (flags.watch !== true) return;
      await delay(1_000);
      if (flags.json !== true) console.log();
    }
  } finally {
    client.close();
  }
}

function print(rows: readonly Row[], { json }: ApiFlags): void {
  if (json === true) {
    console.log(JSON.stringify(rows));
    return;
  }
  for (const row of rows) console.log(Object.values(row).join('\t'));
}
