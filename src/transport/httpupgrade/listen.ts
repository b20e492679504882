/** Listens for httpupgrade. */
import type { CreateFramedListen } from '../common/framing.js';
import { createUpgradeListen } from '../common/upgrade-listen.js';
import { checkRequest } from './request.js';
import type { HttpUpgradeSettings } from './settings.js';

export const createHttpUpgradeListen: CreateFramedListen<HttpUpgradeSettings> = (settings, carrier, deps) =>
  createUpgradeListen({
    links: carrier.links,
    deps,
    name: 'httpupgrade',
    trustForwardedFor: settings.trustForwardedFor,
    check: (head) => checkRequest(head, settings),
    wrap: (link) => link,
  });
