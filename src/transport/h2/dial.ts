/** Dials h2. */
import type { CreateFramedDialer } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { H2Settings } from './settings.js';

export const createH2Dialer: CreateFramedDialer<H2Settings> = () => notYet('h2');
