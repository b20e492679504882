/** Listens for httpupgrade. */
import type { CreateFramedListen } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { HttpUpgradeSettings } from './settings.js';

export const createHttpUpgradeListen: CreateFramedListen<HttpUpgradeSettings> = () => notYet('httpupgrade');
