/** What HandlerService of the API does to a running instance. */
import type { HandlerOperations, NewApiUser } from '../app/api/handler-service.js';
import type { Settings } from '../config/settings.js';
import type { InboundManager, OutboundManager } from '../contract/handlers.js';
import { TsrayError } from '../core/errors.js';
import type { CryptoProvider } from '../crypto/provider.js';
import type { VmessUserSettings } from '../proxy/vmess/settings.js';
import { parseUserId } from '../proxy/vmess/uuid.js';
import type { LiveUsers } from './live-users.js';

/** What it needs of the instance. */
export interface Operated {
  readonly settings: Settings;
  readonly inbounds: InboundManager;
  readonly outbounds: OutboundManager;
  readonly users: LiveUsers;
  /** The configuration that runs is without it. */
  handlerRemoved(kind: 'inbounds' | 'outbounds', tag: string): void;
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
    addUser: async (tag, user) => core.users.add(tag, settingsOf(user, core.parts.crypto)),
    removeUser: (tag, email) => core.users.remove(tag, email),
    async removeInbound(tag) {
      if (core.inbounds.get(tag) === undefined) return false;
      // As in V2Ray its connections go on.
      core.inbounds.remove(tag, Number.POSITIVE_INFINITY).catch(() => undefined);
      core.handlerRemoved('inbounds', tag);
      return true;
    },
    async removeOutbound(tag) {
      if (core.outbounds.get(tag) === undefined) return false;
      core.outbounds.remove(tag, Number.POSITIVE_INFINITY).catch(() => undefined);
      core.handlerRemoved('outbounds', tag);
      return true;
    },
  };
}

/** Throws ERR_CONFIG_VALUE for what is no ID. */
function settingsOf({ alterId, email, id, level }: NewApiUser, crypto: CryptoProvider): VmessUserSettings {
  const bytes = parseUserId(crypto, id);
  if (bytes === undefined) throw new TsrayError('ERR_CONFIG_VALUE', `invalid UUID: ${id}`);
  return { id: bytes, alterId, email, level };
}
