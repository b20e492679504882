/** What HandlerService of the API does to a running instance. */
import { HandlerFault } from '../app/api/handler-fault.js';
import type { HandlerOperations, NewApiUser } from '../app/api/handler-service.js';
import type { LiveConnections } from '../app/connections/live-connections.js';
import { parseConfigValue } from '../config/parse-config.js';
import type { Settings } from '../config/settings.js';
import type { InboundManager, OutboundManager } from '../contract/handlers.js';
import { TsrayError } from '../core/errors.js';
import type { CryptoProvider } from '../crypto/provider.js';
import type { VmessUserSettings } from '../proxy/vmess/settings.js';
import { parseUserId } from '../proxy/vmess/uuid.js';
import type { LiveUsers } from './live-users.js';
import type { Serial } from './reload/serial.js';

/** What it needs of the instance. */
export interface Operated {
  readonly settings: Settings;
  readonly inbounds: InboundManager;
  readonly outbounds: OutboundManager;
  readonly users: LiveUsers;
  /** The configuration that runs is without it. */
  handlerRemoved(kind: 'inbounds' | 'outbounds', tag: string): void;
  readonly connections: LiveConnections;
  readonly changes: Serial;
  reload(next: Settings): Promise<unknown>;
  readonly parts: { readonly crypto: CryptoProvider };
}

export function handlerOperations(core: Operated): HandlerOperations {
  const tags = (list: readonly { readonly tag: string }[]): string[] =>
    list.map(({ tag }) => tag).filter((tag) => tag !== '');
  return {
    inbounds: () => tags(core.inbounds.list),
    outbounds: () => tags(core.outbounds.list).filter((tag) => tag !== core.settings.api?.tag),
    usersOf(tag) {
      const inbound = tag === '' ? undefined : core.settings.inbounds.find((each) => each.tag === tag);
      if (inbound === undefined) return undefined;
      return inbound.protocol === 'vmess' ? inbound.settings.clients : 'none';
    },
    addUser: (tag, user) => core.changes.run(() => core.users.add(tag, settingsOf(user, core.parts.crypto))),
    removeUser: (tag, email) => core.changes.run(() => core.users.remove(tag, email)),
    cutUser: (email) => core.connections.endUser(email, new TsrayError('ERR_CLOSED', 'cut by the operator')),
    addInbound: (config) => core.changes.run(() => addInbound(core, config)),
    addOutbound: (config) => core.changes.run(() => addOutbound(core, config)),
    removeInbound: (tag) =>
      core.changes.run(() => {
        if (core.inbounds.get(tag) === undefined) return false;
        // As in V2Ray its connections go on.
        core.inbounds.remove(tag, Number.POSITIVE_INFINITY).catch(() => undefined);
        core.handlerRemoved('inbounds', tag);
        return true;
      }),
    removeOutbound: (tag) =>
      core.changes.run(() => {
        if (core.outbounds.get(tag) === undefined) return false;
        const user = core.settings.outbounds.find(({ proxyTag }) => proxyTag === tag);
        if (user !== undefined) {
          throw new HandlerFault(['app/proxyman/outbound', `the outbound "${user.tag}" goes through it`]);
        }
        core.outbounds.remove(tag, Number.POSITIVE_INFINITY).catch(() => undefined);
        core.handlerRemoved('outbounds', tag);
        return true;
      }),
  };
}

async function addInbound(core: Operated, config: object): Promise<void> {
  const { settings } = core;
  const inbound = read({ inbounds: [config] }).inbounds[0]!;
  if (inbound.tag !== '' && settings.inbounds.some(({ tag }) => tag === inbound.tag)) {
    throw new HandlerFault(['app/proxyman/inbound', `existing tag found: ${inbound.tag}`]);
  }
  await reload(core, { ...settings, inbounds: [...settings.inbounds, inbound] });
}

async function addOutbound(core: Operated, config: object): Promise<void> {
  const { settings } = core;
  const { tag } = config as { readonly tag?: string };
  if (tag !== undefined && core.outbounds.get(tag) !== undefined) {
    throw new HandlerFault(['app/proxyman/outbound', `existing tag found: ${tag}`]);
  }
  // The others are named, so that it may go through one of them.
  const known = settings.outbounds.flatMap((each) =>
    each.tag === '' ? [] : [{ tag: each.tag, protocol: 'blackhole' }],
  );
  const outbound = read({ outbounds: [config, ...known] }).outbounds[0]!;
  await reload(core, { ...settings, outbounds: [...settings.outbounds, outbound] });
}

async function reload(core: Operated, next: Settings): Promise<void> {
  try {
    await core.reload(next);
  } catch (error) {
    if (!(error instanceof TsrayError)) throw error;
    const isInUse = error.code === 'ERR_LISTEN' && error.message.includes('in use');
    // The last words are those that callers test for.
    const known = isInUse ? ([['', 'bind: address already in use']] as const) : [];
    throw new HandlerFault(['app/proxyman', error.message], ...known);
  }
}

/** Throws a HandlerFault with the first problem. */
function read(config: object): Settings {
  const { errors, settings } = parseConfigValue(config, { partial: true, strict: true });
  if (settings !== undefined) return settings;
  const [first] = errors;
  const place = first?.path.replace(/^(?:in|out)bounds\[0\]\.?/, '') ?? '';
  throw new HandlerFault(['app/proxyman', `${place}${place === '' ? '' : ': '}${first?.message ?? ''}`]);
}

/** Throws ERR_CONFIG_VALUE for what is no ID. */
function settingsOf({ alterId, email, id, level }: NewApiUser, crypto: CryptoProvider): VmessUserSettings {
  const bytes = parseUserId(crypto, id);
  if (bytes === undefined) throw new TsrayError('ERR_CONFIG_VALUE', `invalid UUID: ${id}`);
  return { id: bytes, alterId, email, level };
}
