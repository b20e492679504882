/** `tsray link` */
import { Command, Option } from 'commander';
import type { InboundSettings, OutboundSettings, Settings } from '../../config/settings.js';
import {
  type FormatOptions,
  linksOfInbound,
  linksOfOutbound,
  type WrittenLink,
} from '../../config/share-link/format-share-link.js';
import type { LinkStyle } from '../../config/share-link/write.js';
import { isAddress, isWildcard } from '../../config/values/address.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { parseAddress } from '../../core/net/address.js';
import { exitCode, type Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { writePrivateFile } from '../files.js';
import { addConfigOptions, type ConfigFlags, loadSettings, refuseBoth } from '../load-settings.js';
import { fileHelp, readCandidates, serversGiven, serversHelp } from '../servers/candidates.js';
import { printNotes } from '../servers/notes.js';
import { noServer, pickServer } from '../servers/pick.js';
import type { QrInk } from '../terminal/qr.js';
import { formatSentence } from '../terminal/sentence.js';
import { columnsOf, hasLightBackground, paintFor } from '../terminal/style.js';
import { printable } from '../terminal/width.js';

interface LinkFlags extends ConfigFlags {
  readonly address?: string;
  readonly style: LinkStyle;
  /** Undefined: on a terminal. */
  readonly qr?: boolean;
  readonly invert?: boolean;
  readonly png?: string;
  readonly json?: boolean;
  readonly file?: string;
  readonly server?: string;
}

/** QR codes that are drawn without being asked for. */
const mostDrawn = 8;

interface ListedLink extends WrittenLink {
  readonly kind: 'inbound' | 'outbound';
  readonly tag: string;
}

export function linkCommand(outcome: Outcome): Command {
  const command = new Command('link')
    .description('print the share links of VMess servers, with QR codes')
    .argument('[servers]', `${serversHelp}; default: a configuration`);
  return addConfigOptions(command)
    .option('--file <file>', fileHelp)
    .option('--server <which>', 'of [servers] only this one: its name, part of it, or its number')
    .option('--address <host>', 'name or IP of this server: print links for its clients too')
    .addOption(
      new Option('--style <style>', 'form of the links; every client reads v2rayn')
        .choices(['v2rayn', 'url'])
        .default('v2rayn'),
    )
    .option('--qr', 'print QR codes (the default on a terminal)')
    .option('--no-qr', 'print no QR codes')
    .option('--invert', 'QR codes without colours: for a light background, or the other way round')
    .option('--png <file>', 'write the QR code as PNG; of several links each gets a number')
    .option('--json', 'print the links as JSON')
    .addHelpText('after', '\nA link holds the user ID: who has it can use the server.')
    .action((servers: string | undefined, flags: LinkFlags) =>
      reporting(outcome, async () => {
        const given = serversGiven(servers, flags.file);
        if (given !== undefined) {
          await printLinks(await linksOfServers(given, flags), flags);
          return;
        }
        if (flags.server !== undefined) {
          throw new TsrayError('ERR_USAGE', '--server needs a subscription to choose from');
        }
        const settings = await loadSettings(flags, { partial: true });
        if (settings === undefined) outcome.code = exitCode.config;
        else await printLinks(linksOfConfig(settings, flags), flags);
      }),
    );
}

/** Links that were read, written in the form that is asked for. */
async function linksOfServers(given: string, flags: LinkFlags): Promise<readonly ListedLink[]> {
  refuseBoth(flags);
  if (flags.address !== undefined) {
    throw new TsrayError('ERR_USAGE', '--address belongs to the configuration of a server');
  }
  const candidates = await readCandidates(given);
  const servers =
    flags.server === undefined
      ? candidates.servers
      : [await pickServer(candidates, { server: flags.server, target: undefined })];
  printNotes({ ...candidates, servers });
  if (servers.length === 0) throw noServer(given);
  const gathered = new GatheredLinks();
  for (const { name, outbounds } of servers) {
    for (const outbound of outbounds.filter(isVmess)) {
      gathered.add('outbound', '', name === '' ? 'a server' : printable(name), () =>
        linksOfOutbound(outbound, { style: flags.style, name }),
      );
    }
  }
  return gathered.links();
}

function linksOfConfig(settings: Settings, flags: LinkFlags): readonly ListedLink[] {
  const { address } = flags;
  if (address !== undefined && !isAddress(address)) {
    throw new TsrayError('ERR_USAGE', 'expected a name or an IP address after --address', {
      hint: 'The port is in the configuration.',
    });
  }
  if (address !== undefined && isWildcard(parseAddress(address))) {
    throw new TsrayError('ERR_USAGE', `no client can reach a server at ${address}`, {
      hint: 'Name the address that clients use, or a name for it.',
    });
  }
  return linksOf(settings, address === undefined ? undefined : parseAddress(address).host, flags);
}

async function printLinks(links: readonly ListedLink[], flags: LinkFlags): Promise<void> {
  if (flags.json === true) {
    console.log(JSON.stringify(links, undefined, 2));
  } else {
    // A screen for each of many would hide the links.
    const withQr = flags.qr ?? (process.stdout.isTTY && links.length <= mostDrawn);
    for (const [index, link] of links.entries()) {
      await printLink(link, index === 0, { withQr, invert: flags.invert });
    }
  }
  if (flags.png !== undefined) await writePngs(links, flags.png);
}

function linksOf(
  settings: Settings,
  address: string | undefined,
  options: FormatOptions,
): readonly ListedLink[] {
  const outbounds = settings.outbounds.filter(isVmess);
  const inbounds = settings.inbounds.filter(isVmess);
  const gathered = new GatheredLinks();
  for (const outbound of outbounds) {
    gathered.add('outbound', outbound.tag, placeOf('outbound', settings.outbounds, outbound), () =>
      linksOfOutbound(outbound, options),
    );
  }
  if (address !== undefined) {
    for (const inbound of inbounds) {
      gathered.add('inbound', inbound.tag, placeOf('inbound', settings.inbounds, inbound), () =>
        linksOfInbound(inbound, address, options),
      );
    }
  }
  const links = gathered.links();
  if (links.length > 0) return links;
  if (inbounds.length > 0 && address === undefined) {
    throw new TsrayError(
      'ERR_USAGE',
      'the configuration is that of a server, whose address it does not hold',
      {
        hint: 'Name it with --address, such as `tsray link --address vpn.example.com`.',
      },
    );
  }
  throw new TsrayError('ERR_USAGE', 'the configuration has no VMess server that a link could name');
}

/** `inbound "web"`, or `inbounds[0]` without a tag. */
function placeOf<T extends { readonly tag: string }>(
  kind: ListedLink['kind'],
  handlers: readonly T[],
  handler: T,
): string {
  return handler.tag === ''
    ? `${kind}s[${handlers.indexOf(handler)}]`
    : `${kind} ${JSON.stringify(handler.tag)}`;
}

/** What has links, and what has none: that costs only itself. */
class GatheredLinks {
  readonly #links: ListedLink[] = [];
  readonly #faults: { readonly place: string; readonly error: TsrayError }[] = [];

  add(kind: ListedLink['kind'], tag: string, place: string, write: () => readonly WrittenLink[]): void {
    try {
      this.#links.push(...write().map((link) => listed(kind, tag, link)));
    } catch (error) {
      this.#faults.push({ place, error: toTsrayError(error, 'ERR_LINK') });
    }
  }

  /** Names those that have none; throws the first fault if none has. */
  links(): readonly ListedLink[] {
    const [first] = this.#faults;
    if (first !== undefined && this.#links.length === 0) throw first.error;
    for (const { error, place } of this.#faults) {
      console.error(formatSentence('note', `${place} has no link: ${error.message}`));
    }
    return this.#links;
  }
}

function isVmess<T extends InboundSettings | OutboundSettings>(
  handler: T,
): handler is Extract<T, { protocol: 'vmess' }> {
  return handler.protocol === 'vmess';
}

function listed(kind: ListedLink['kind'], tag: string, link: WrittenLink): ListedLink {
  return { kind, tag, ...link };
}

async function printLink(
  link: ListedLink,
  first: boolean,
  { invert = false, withQr }: { readonly invert?: boolean | undefined; readonly withQr: boolean },
): Promise<void> {
  const onTerminal = process.stdout.isTTY;
  const paint = paintFor(process.stdout);
  if (onTerminal || withQr) {
    const name = printable(link.name);
    console.log(`${first ? '' : '\n'}${paint('bold', name === '' ? '(no name)' : name)}`);
  }
  console.log(link.text);
  for (const note of link.notes) console.error(formatSentence('note', note));
  if (withQr) await printQr(link.text, invert);
}

function inkOf(invert: boolean): QrInk {
  if (paintFor(process.stdout)('bold', '') !== '') return 'colors';
  return hasLightBackground() === invert ? 'light' : 'dark';
}

async function printQr(text: string, invert: boolean): Promise<void> {
  const { qrModules, qrText, qrWidth } = await import('../terminal/qr.js');
  const modules = qrModules(text);
  const columns = columnsOf(process.stdout);
  if (modules === undefined) {
    console.error(formatSentence('note', 'the link is too long for a QR code'));
  } else if (process.stdout.isTTY && qrWidth(modules) > columns) {
    const needed = `the QR code needs ${qrWidth(modules)} columns, the terminal has ${columns}`;
    console.error(formatSentence('note', `${needed}; --style url makes it smaller, --png writes a picture`));
  } else {
    console.log(qrText(modules, inkOf(invert)));
  }
}

async function writePngs(links: readonly ListedLink[], path: string): Promise<void> {
  const { qrModules, qrPng } = await import('../terminal/qr.js');
  for (const [index, link] of links.entries()) {
    const modules = qrModules(link.text);
    if (modules === undefined) throw new TsrayError('ERR_LINK', 'the link is too long for a QR code');
    const file = links.length === 1 ? path : numbered(path, index + 1);
    await writePrivateFile(file, qrPng(modules));
    console.error(`tsray: wrote ${file}`);
  }
}

/** `a.png` → `a-1.png` */
function numbered(path: string, number: number): string {
  return /\.[^./\\]+$/.test(path) ? path.replace(/(\.[^./\\]+)$/, `-${number}$1`) : `${path}-${number}`;
}
