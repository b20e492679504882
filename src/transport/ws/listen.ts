/** Listens for ws. */
import type { CreateFramedListen } from '../common/framing.js';
import { createUpgradeListen } from '../common/upgrade-listen.js';
import { WsLink } from './link.js';
import { checkRequest } from './request.js';
import type { WsSettings } from './settings.js';

export const createWsListen: CreateFramedListen<WsSettings> = (settings, carrier, deps) => {
  const { clock, crypto } = deps;
  const heartbeatMs = settings.heartbeatSeconds * 1000;
  return createUpgradeListen({
    links: carrier.links,
    deps,
    name: 'ws',
    trustForwardedFor: settings.trustForwardedFor,
    check: (head) => checkRequest(head, settings, crypto),
    wrap: (link) => new WsLink(link, { clock, keys: undefined, heartbeatMs }),
  });
};
