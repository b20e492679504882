/** What can only be seen with all inbounds and outbounds at hand: tags, chains, ports in use. */
import type { Checker } from './check/checker.js';
import { eachDuplicate } from './check/duplicates.js';
import { inside, itemsAt, type Place, textAt } from './check/place.js';
import { nearestName } from './did-you-mean.js';
import type { HandlerResult } from './schema/handler.js';
import { chainPlace } from './schema/outbounds.js';
import type { InboundSettings, OutboundSettings } from './settings.js';

export function crossCheck(
  checker: Checker,
  root: Place,
  inbounds: readonly HandlerResult<InboundSettings>[],
  outbounds: readonly HandlerResult<OutboundSettings>[],
  partial: boolean,
): void {
  const inboundTags = uniqueTags(checker, inbounds);
  const outboundTags = uniqueTags(checker, outbounds);
  const detours = checkDetours(checker, inbounds, inboundTags);
  checkUsers(checker, inbounds, detours);
  checkChains(checker, outbounds, outboundTags);
  checkPorts(checker, inbounds);
  checkTargets(checker, root, inbounds);
  // To get nowhere is a fault of what is to be run only.
  if (partial) return;
  const bridges = itemsAt(inside(root, 'reverse', 'bridges')).length;
  if (inbounds.length + bridges === 0 && !hasOtherKind(root, 'inbounds')) {
    checker.warn(inside(root, 'inbounds'), 'ERR_CONFIG_MISSING', 'there are no inbounds, so nothing listens');
  }
  if (outbounds.length === 0 && !hasOtherKind(root, 'outbounds')) {
    const hint = 'Add at least { "protocol": "freedom" }.';
    checker.warn(
      inside(root, 'outbounds'),
      'ERR_CONFIG_MISSING',
      'there are no outbounds, so nothing can leave',
      hint,
    );
  }
}

/** Something other than a list, which is an error already. */
function hasOtherKind(root: Place, key: string): boolean {
  const place = inside(root, key);
  return !place.missing && place.node.kind !== 'list';
}

interface Tagged {
  readonly place: Place;
}

/** Tag → position. Tags are read from the text, so that a handler with errors still counts. */
function uniqueTags(checker: Checker, handlers: readonly Tagged[]): Map<string, number> {
  const places = handlers.map(({ place }) => inside(place, 'tag'));
  return eachDuplicate(checker, places, textAt, (at, earlier) => {
    checker.error(at, 'ERR_CONFIG_CONFLICT', `the same as ${earlier}`, 'Give each a tag of its own.');
  });
}

function unknownTag(checker: Checker, place: Place, tag: string, what: string, tags: Iterable<string>): void {
  const known = [...tags];
  const near = nearestName(tag, known);
  let hint =
    known.length === 0
      ? `No ${what} has a tag.`
      : `There is ${known
          .slice(0, 6)
          .map((name) => JSON.stringify(name))
          .join(', ')}.`;
  if (near !== undefined) hint = `Did you mean ${JSON.stringify(near)}?`;
  checker.wrongValue(place, `the tag of an ${what}`, hint);
}

/** `detour.to` must name a vmess inbound. Returns the positions of those that are named. */
function checkDetours(
  checker: Checker,
  inbounds: readonly HandlerResult<InboundSettings>[],
  tags: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  const named = new Set<number>();
  for (const { place } of inbounds) {
    if (!isVmess(place)) continue;
    const settings = inside(place, 'settings');
    const old = inside(settings, 'features', 'detour', 'to');
    const at = old.missing ? inside(settings, 'detour', 'to') : old;
    const wanted = textAt(at);
    if (wanted === undefined || wanted === '') continue;
    const target = tags.get(wanted);
    if (target === undefined) {
      unknownTag(checker, at, wanted, 'inbound', tags.keys());
    } else if (!isVmess(inbounds[target]!.place)) {
      const hint = 'Clients can be sent to a vmess inbound only.';
      checker.error(at, 'ERR_CONFIG_CONFLICT', 'the inbound of this tag is not a vmess inbound', hint);
    } else {
      named.add(target);
    }
  }
  return named;
}

/** A vmess inbound needs users, of its own or made for a detour to it. */
function checkUsers(
  checker: Checker,
  inbounds: readonly HandlerResult<InboundSettings>[],
  detours: ReadonlySet<number>,
): void {
  inbounds.forEach(({ place, settings }, index) => {
    if (settings?.protocol !== 'vmess' || settings.settings.clients.length > 0 || detours.has(index)) return;
    const hint = '`tsray uuid` makes an ID for one.';
    const at = inside(place, 'settings', 'clients');
    checker.warn(at, 'ERR_CONFIG_MISSING', 'nobody can connect, since there are no users', hint);
  });
}

function isVmess(place: Place): boolean {
  return textAt(inside(place, 'protocol'))?.toLowerCase() === 'vmess';
}

/** What an outbound goes through must name an outbound, and no chain may lead back to itself. */
function checkChains(
  checker: Checker,
  outbounds: readonly HandlerResult<OutboundSettings>[],
  tags: ReadonlyMap<string, number>,
): void {
  const next = outbounds.map(({ place }) => {
    const at = chainPlace(place);
    const wanted = textAt(at);
    if (wanted === undefined || wanted === '') return undefined;
    const target = tags.get(wanted);
    if (target === undefined) unknownTag(checker, at, wanted, 'outbound', tags.keys());
    return target;
  });
  const seen = new Set<number>();
  for (let start = 0; start < next.length; start += 1) {
    const chain: number[] = [];
    let at: number | undefined = start;
    while (at !== undefined && !seen.has(at) && !chain.includes(at)) {
      chain.push(at);
      at = next[at];
    }
    for (const index of chain) seen.add(index);
    const from = at === undefined ? -1 : chain.indexOf(at);
    if (from < 0) continue;
    const cycle = chain.slice(from);
    const names = [...cycle, cycle[0]!]
      .map((index) => textAt(inside(outbounds[index]!.place, 'tag')) ?? '')
      .join(' → ');
    const place = chainPlace(outbounds[cycle.at(-1)!]!.place);
    checker.error(
      place,
      'ERR_CONFIG_CONFLICT',
      `these outbounds go through each other in a circle: ${names}`,
      'Remove one of the "proxySettings" or "dialerProxy".',
    );
  }
}

/** A dokodemo-door that leads to port 0 leads nowhere, unless a rule sends what comes in by it elsewhere (to the API). */
function checkTargets(
  checker: Checker,
  root: Place,
  inbounds: readonly HandlerResult<InboundSettings>[],
): void {
  const rules = [inside(root, 'routing', 'rules'), inside(root, 'routing', 'settings', 'rules')].flatMap(
    itemsAt,
  );
  const routed = new Set(rules.flatMap((rule) => textsAt(inside(rule, 'inboundTag'))));
  for (const { place } of inbounds) {
    if (textAt(inside(place, 'protocol'))?.toLowerCase() !== 'dokodemo-door') continue;
    const at = inside(place, 'settings', 'port');
    const redirected = inside(place, 'settings', 'followRedirect').node;
    const leads = !at.missing && !(at.node.kind === 'number' && at.node.value === 0);
    if (leads || (redirected.kind === 'boolean' && redirected.value)) continue;
    const tag = textAt(inside(place, 'tag')) ?? '';
    if (tag !== '' && routed.has(tag)) continue;
    const message = 'expected a port from 1 to 65535, found 0: connections will fail';
    checker.warn(at, 'ERR_CONFIG_VALUE', message, 'It is the port to connect to.');
  }
}

/** The items of a list of texts, or of one text with commas. */
function textsAt(place: Place): readonly string[] {
  const single = textAt(place);
  return single === undefined ? itemsAt(place).flatMap((item) => textAt(item) ?? []) : single.split(',');
}

/** Two inbounds on one address and port: the second could not start. */
function checkPorts(checker: Checker, inbounds: readonly HandlerResult<InboundSettings>[]): void {
  const owners = new Map<string, { listen: string; place: Place }[]>();
  for (const { place, settings } of inbounds) {
    if (settings === undefined || settings.allocation.strategy === 'random') continue;
    const clash = firstClash(owners, settings);
    if (clash !== undefined) {
      const message = `port ${clash.port} is taken by ${checker.problems.pathText(clash.place.path)} already`;
      checker.error(
        inside(place, 'port'),
        'ERR_CONFIG_CONFLICT',
        message,
        'Give each inbound another port or "listen" address.',
      );
      continue;
    }
    for (const port of settings.ports) {
      for (const network of networksOf(settings)) {
        const key = `${network}:${port}`;
        const list = owners.get(key) ?? [];
        list.push({ listen: settings.listen, place });
        owners.set(key, list);
      }
    }
  }
}

function firstClash(
  owners: ReadonlyMap<string, readonly { listen: string; place: Place }[]>,
  settings: InboundSettings,
): { port: number; place: Place } | undefined {
  for (const port of settings.ports) {
    if (port === 0) continue;
    for (const network of networksOf(settings)) {
      const owner = owners.get(`${network}:${port}`)?.find(({ listen }) => overlap(listen, settings.listen));
      if (owner !== undefined) return { port, place: owner.place };
    }
  }
  return undefined;
}

function networksOf(settings: InboundSettings): readonly string[] {
  return settings.protocol === 'dokodemo-door' ? settings.settings.networks : ['tcp'];
}

/** 0.0.0.0 covers all addresses of both families. */
function overlap(a: string, b: string): boolean {
  return a === b || a === '0.0.0.0' || b === '0.0.0.0';
}
