/** Dials mKCP. */
import type { Dialer } from '../../contract/transport.js';
import type { TransportDeps } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { KcpSettings } from './settings.js';

export function createKcpDialer(_settings: KcpSettings, _deps: TransportDeps): Dialer {
  return notYet('kcp');
}
