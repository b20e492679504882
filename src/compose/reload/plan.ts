/** What differs between two configurations: pure, and told in one line each. */
import { isDeepStrictEqual } from 'node:util';
import type { InboundSettings, OutboundSettings, Settings } from '../../config/settings.js';
import { formatHostPort } from '../../core/net/address.js';
import type { VmessUserSettings } from '../../proxy/vmess/settings.js';

/** Parts that are taken over while the instance runs, beside inbounds and outbounds. */
export type Section = 'api' | 'dns' | 'log' | 'observatory' | 'policy' | 'reverse' | 'routing' | 'stats';

const sections: readonly Section[] = [
  'log',
  'policy',
  'stats',
  'api',
  'dns',
  'routing',
  'reverse',
  'observatory',
];

/** An entry of the new list. `old`: what it was, undefined if it is new; the same object settings if nothing differs. */
export interface Entry<S> {
  readonly settings: S;
  readonly old: S | undefined;
  readonly differs: boolean;
}

export interface ListPlan<S> {
  readonly entries: readonly Entry<S>[];
  readonly removed: readonly S[];
  readonly reordered: boolean;
}

/** A user who may not come in any more, or not with the ID that their connections came with. */
export interface RemovedUser {
  readonly inboundTag: string;
  readonly email: string;
}

export interface Plan {
  /** What to tell, one change each; empty if the configurations do not differ. */
  readonly lines: readonly string[];
  readonly inbounds: ListPlan<InboundSettings>;
  readonly outbounds: ListPlan<OutboundSettings>;
  readonly sections: ReadonlySet<Section>;
  readonly removedUsers: readonly RemovedUser[];
}

export function planReload(old: Settings, next: Settings): Plan {
  const inbounds = planList(old.inbounds, next.inbounds, placeText);
  const outbounds = planList(old.outbounds, next.outbounds, ({ protocol }) => protocol);
  const changed = new Set(sections.filter((name) => !isDeepStrictEqual(old[name], next[name])));
  const users = inbounds.entries.flatMap((entry) => userChanges(entry));
  return {
    inbounds,
    outbounds,
    sections: changed,
    removedUsers: users.flatMap(({ removed }) => removed ?? []),
    lines: [
      ...inbounds.removed.map((each) => `${inboundName(each)} removed`),
      ...inbounds.entries.flatMap(inboundLines),
      ...users.map(({ line }) => line),
      ...outbounds.removed.map((each) => `${outboundName(each)} removed`),
      ...outbounds.entries.flatMap(outboundLines),
      ...(outbounds.reordered ? [`outbounds in another order, ${defaultText(next)}`] : []),
      ...sections.filter((name) => changed.has(name)).map((name) => sectionLine(name, old, next)),
      ...(old.workers === next.workers ? [] : ['workers changed: takes effect after a restart']),
      ...(isDeepStrictEqual(old.metrics, next.metrics)
        ? []
        : ['metrics changed: takes effect after a restart']),
      ...(old.statsFile === next.statsFile ? [] : ['stats.file changed: takes effect after a restart']),
    ],
  };
}

/** Entries are the same if they have the same tag, or none and the same place. */
function planList<S extends { readonly tag: string }>(
  old: readonly S[],
  next: readonly S[],
  place: (settings: S) => string,
): ListPlan<S> {
  const keyed = (list: readonly S[]): Map<string, S> => {
    const byKey = new Map<string, S>();
    for (const each of list) {
      const key = each.tag === '' ? `at ${place(each)}` : `tag ${each.tag}`;
      let unique = key;
      for (let count = 2; byKey.has(unique); count += 1) unique = `${key} ${count}`;
      byKey.set(unique, each);
    }
    return byKey;
  };
  const before = keyed(old);
  const after = keyed(next);
  const entries = [...after].map(([key, settings]): Entry<S> => {
    const was = before.get(key);
    return { settings, old: was, differs: !isDeepStrictEqual(was, settings) };
  });
  const kept = [...before.keys()].filter((key) => after.has(key));
  const keptNow = [...after.keys()].filter((key) => before.has(key));
  return {
    entries,
    removed: [...before].flatMap(([key, settings]) => (after.has(key) ? [] : [settings])),
    reordered: !isDeepStrictEqual(kept, keptNow),
  };
}

/** Everything that the listeners of an inbound are made from: with equal ones the ports stay open. */
export function listeningPlace({ allocation, listen, ports, stream }: InboundSettings): object {
  return { allocation, listen, ports, stream };
}

function placeText({ listen, ports }: InboundSettings): string {
  const [first = 0] = ports;
  if (listen.startsWith('/') || listen.startsWith('@')) return listen;
  const text = formatHostPort(listen, first);
  return ports.length > 1 ? `${text} and ${ports.length - 1} more ports` : text;
}

function inboundName(settings: InboundSettings): string {
  return settings.tag === '' ? `inbound on ${placeText(settings)}` : `inbound "${settings.tag}"`;
}

function outboundName({ protocol, tag }: OutboundSettings): string {
  return tag === '' ? `outbound without a tag (${protocol})` : `outbound "${tag}"`;
}

function inboundLines({ differs, old, settings }: Entry<InboundSettings>): string[] {
  const name = inboundName(settings);
  if (old === undefined) return [`${name} added on ${placeText(settings)}`];
  if (!differs) return [];
  if (placeText(old) !== placeText(settings)) {
    return [`${name} moves from ${placeText(old)} to ${placeText(settings)}`];
  }
  return isDeepStrictEqual(withoutUsers(old), withoutUsers(settings)) ? [] : [`${name} changed`];
}

function outboundLines({ differs, old, settings }: Entry<OutboundSettings>): string[] {
  if (old === undefined) return [`${outboundName(settings)} added`];
  return differs ? [`${outboundName(settings)} changed`] : [];
}

function defaultText({ outbounds: [first] }: Settings): string {
  return first === undefined ? 'there is none' : `the first is the ${outboundName(first)}`;
}

function sectionLine(name: Section, old: Settings, next: Settings): string {
  if (name !== 'routing') return `${name} changed`;
  return `routing changed: ${old.routing.rules.length} rules before, ${next.routing.rules.length} now`;
}

function withoutUsers(settings: InboundSettings): unknown {
  if (settings.protocol !== 'vmess') return settings;
  return { ...settings, settings: { ...settings.settings, clients: [] } };
}

interface UserChange {
  readonly line: string;
  readonly removed?: RemovedUser;
}

function userChanges({ differs, old, settings }: Entry<InboundSettings>): readonly UserChange[] {
  if (!differs || old?.protocol !== 'vmess' || settings.protocol !== 'vmess') return [];
  const before = usersByName(old.settings.clients);
  const after = usersByName(settings.settings.clients);
  const name = inboundName(settings);
  const gone = (user: VmessUserSettings, line: string): UserChange => ({
    line: `${name}: ${line}`,
    ...(user.email === '' ? {} : { removed: { inboundTag: settings.tag, email: user.email } }),
  });
  const changes: UserChange[] = [];
  for (const [key, user] of before) {
    const now = after.get(key);
    if (now === undefined) changes.push(gone(user, `${userName(user)} removed`));
    else if (!isDeepStrictEqual(user.id, now.id)) {
      changes.push(gone(user, `${userName(user)} has another ID`));
    } else if (!isDeepStrictEqual(user, now)) {
      changes.push({ line: `${name}: ${userName(user)} changed` });
    }
  }
  for (const [key, user] of after) {
    if (!before.has(key)) changes.push({ line: `${name}: ${userName(user)} added` });
  }
  return changes;
}

/** Users without an email are told apart by their IDs, which are in no message. */
function usersByName(users: readonly VmessUserSettings[]): Map<string, VmessUserSettings> {
  return new Map(
    users.map((user) => [
      user.email === '' ? `id ${Buffer.from(user.id).toString('hex')}` : `email ${user.email.toLowerCase()}`,
      user,
    ]),
  );
}

function userName({ email }: VmessUserSettings): string {
  return email === '' ? 'a user without an email' : `user ${email}`;
}
