/** Listens for ws. */
import type { CreateFramedListen } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { WsSettings } from './settings.js';

export const createWsListen: CreateFramedListen<WsSettings> = () => notYet('ws');
