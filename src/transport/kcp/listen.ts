/** Listens for mKCP. */
import type { Listen } from '../../contract/transport.js';
import type { TransportDeps } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { KcpSettings } from './settings.js';

export function createKcpListen(_settings: KcpSettings, _deps: TransportDeps): Listen {
  return notYet('kcp');
}
