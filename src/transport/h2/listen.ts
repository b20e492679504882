/** Listens for h2. */
import type { CreateFramedListen } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { H2Settings } from './settings.js';

export const createH2Listen: CreateFramedListen<H2Settings> = () => notYet('h2');
