/** Dials ws. */
import type { CreateFramedDialer } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { WsSettings } from './settings.js';

export const createWsDialer: CreateFramedDialer<WsSettings> = () => notYet('ws');
