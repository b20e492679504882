/** `tsray route` */
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { assetFolders } from '../../app/geo/asset-folders.js';
import { GeoFiles } from '../../app/geo/geo-data.js';
import type { RuleRouter } from '../../app/router/router.js';
import { createSniffing } from '../../app/sniff/sniffing.js';
import { createInstance } from '../../compose/instance.js';
import { readEnvironmentFlags } from '../../config/environment.js';
import type { Settings } from '../../config/settings.js';
import type { Resolver } from '../../contract/dns.js';
import type { RouteQuery } from '../../contract/route-query.js';
import { describeError, TsrayError } from '../../core/errors.js';
import type { Address } from '../../core/net/address.js';
import type { Destination } from '../../core/net/destination.js';
import { defaultCrypto } from '../../crypto/index.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { addConfigOptions, type ConfigFlags, loadSettings } from '../load-settings.js';
import { type Explanation, explain } from '../route/explanation.js';
import { countLines, explanationJson, explanationLines, tabLine } from '../route/report.js';
import { parseAnswer, parseSniffed, parseSource, parseTarget } from '../route/target.js';
import { paintFor } from '../terminal/style.js';
import { exitCodeOf } from '../try-build.js';
import { warningsLogger } from '../warnings-logger.js';

interface RouteFlags extends ConfigFlags {
  readonly from?: string;
  readonly inbound?: string;
  readonly user?: string;
  readonly sniff?: string;
  readonly resolve?: readonly string[];
  readonly json?: boolean;
  readonly stdin?: boolean;
  readonly counts?: boolean;
}

export function routeCommand(outcome: Outcome): Command {
  const command = new Command('route')
    .description('say which outbound the rules choose for a target, and why')
    .argument('[targets...]', 'such as tcp:example.com:443, udp:192.0.2.1:53 or https://example.com');
  return addConfigOptions(command)
    .option('--from <address>', "the client's address, with or without its port")
    .option('--inbound <tag>', 'the inbound that the connection comes by')
    .option('--user <name>', 'the user that was authenticated')
    .option('--sniff <protocol[:name]>', 'what the first bytes tell, such as tls:example.com')
    .option('--resolve <name=address>', 'answer a lookup in place of DNS; may be repeated', collect)
    .option('--stdin', 'read targets from standard input, one a line; one answer a line')
    .option('--json', 'print answers as JSON, one a line')
    .option('--counts', 'print at the end how often each rule decided')
    .addHelpText(
      'after',
      '\nNothing is connected to but name servers: names are looked up, as "dns" says,\n' +
        'if "domainStrategy" says so and a rule has "ip".\n' +
        'Whether the name of --sniff replaces the target is said by the inbound.',
    )
    .action((targets: readonly string[], flags: RouteFlags) =>
      reporting(outcome, () => route(targets, flags, outcome)),
    );
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

async function route(targets: readonly string[], flags: RouteFlags, outcome: Outcome): Promise<void> {
  if ((targets.length === 0) !== (flags.stdin === true)) {
    throw new TsrayError('ERR_USAGE', 'expected targets, or --stdin to read them');
  }
  const settings = await loadSettings(flags, { partial: true });
  if (settings === undefined) {
    outcome.code = exitCode.config;
    return;
  }
  let asking: Asking;
  try {
    asking = createAsking(settings, flags);
  } catch (error) {
    console.error(`tsray: ${describeError(error)}`);
    outcome.code = exitCodeOf(error);
    return;
  }
  const tally = new Tally(asking.router);
  const paint = paintFor(process.stdout);
  const print = (explanation: Explanation): void => {
    tally.add(explanation);
    if (flags.json === true) console.log(JSON.stringify(explanationJson(explanation)));
    else if (flags.stdin === true) console.log(tabLine(explanation));
    else for (const line of explanationLines(explanation, paint)) console.log(line);
  };
  try {
    for await (const target of flags.stdin === true ? standardInput() : targets) {
      print(await asking.ask(parseTarget(target)));
    }
  } finally {
    await asking.close();
  }
  if (flags.counts === true) for (const line of tally.lines()) console.error(line);
}

/** Lines that are neither empty nor comments. */
async function* standardInput(): AsyncGenerator<string> {
  for await (const line of createInterface({ input: process.stdin })) {
    const text = line.trim();
    if (text !== '' && !text.startsWith('#')) yield text;
  }
}

interface Asking {
  readonly router: RuleRouter;
  ask(destination: Destination): Promise<Explanation>;
  close(): Promise<void>;
}

/** An instance that is never started. Throws what is wrong with geo data. */
function createAsking(settings: Settings, flags: RouteFlags): Asking {
  const folders = assetFolders(process.env, process.cwd(), process.platform);
  const instance = createInstance(settings, {
    flags: readEnvironmentFlags(process.env),
    assetFolders: folders,
    ruleResolver: (dns) => withAnswers(dns, flags.resolve ?? []),
    log: {
      logger: warningsLogger,
      access: { write: () => undefined },
      reopen: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
  });
  const { router } = instance;
  const outboundTags = settings.outbounds.map(({ tag }) => tag);
  const inbound = settings.inbounds.find(({ tag }) => tag === flags.inbound);
  if (flags.inbound !== undefined && inbound === undefined) {
    warningsLogger.warning(`there is no inbound ${JSON.stringify(flags.inbound)}`);
  }
  const geo = new GeoFiles(folders, warningsLogger);
  const sniffing = inbound?.sniffing && createSniffing(inbound.sniffing, { crypto: defaultCrypto(), geo });
  const sniffed = flags.sniff === undefined ? undefined : parseSniffed(flags.sniff);
  return {
    router,
    close: () => instance.stop(0),
    ask(destination) {
      const replaced =
        sniffed?.domain !== undefined && sniffing?.overrides(sniffed, destination.address) === true;
      const address: Address = replaced ? { kind: 'domain', host: sniffed.domain } : destination.address;
      const query: RouteQuery = {
        source: parseSource(flags.from ?? '127.0.0.1', destination.network),
        destination: { ...destination, address },
        inboundTag: flags.inbound ?? '',
        ...(flags.user === undefined ? {} : { user: { email: flags.user, level: 0 } }),
        ...(sniffed === undefined ? {} : { sniffed }),
      };
      return explain(router, query, outboundTags);
    },
  };
}

function withAnswers(resolver: Resolver, given: readonly string[]): Resolver {
  const answers = new Map<string, Address[]>();
  for (const { address, name } of given.map(parseAnswer)) {
    answers.set(name, [...(answers.get(name) ?? []), address]);
  }
  return {
    resolve(name, family, signal) {
      const known = answers.get(name.toLowerCase());
      return known === undefined ? resolver.resolve(name, family, signal) : Promise.resolve(known);
    },
  };
}

/** Explaining counts nothing in the router itself. */
class Tally {
  readonly #router: RuleRouter;
  readonly #matches = new Map<string, number>();
  #byDefault = 0;

  constructor(router: RuleRouter) {
    this.#router = router;
  }

  add({ rule }: Explanation): void {
    if (rule === undefined) this.#byDefault += 1;
    else this.#matches.set(rule, (this.#matches.get(rule) ?? 0) + 1);
  }

  lines(): string[] {
    const counts = this.#router.rules.map(({ name }) => ({
      rule: name,
      matches: this.#matches.get(name) ?? 0,
    }));
    return countLines(counts, this.#byDefault);
  }
}
