/** Dials httpupgrade. */
import type { CreateFramedDialer } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { HttpUpgradeSettings } from './settings.js';

export const createHttpUpgradeDialer: CreateFramedDialer<HttpUpgradeSettings> = () => notYet('httpupgrade');
