/** Stream settings of ws and httpupgrade as the configuration would make them. */
import type { HttpUpgradeSettings } from '../../src/transport/httpupgrade/settings.js';
import type { StreamSettings } from '../../src/transport/stack/stream-settings.js';
import type { WsSettings } from '../../src/transport/ws/settings.js';

const sockopt = { acceptProxyProtocol: false };

export function wsSettings(more: Partial<WsSettings> = {}): StreamSettings & { readonly network: 'ws' } {
  const ws: WsSettings = {
    path: '/way',
    headers: {},
    acceptProxyProtocol: false,
    maxEarlyData: 0,
    earlyDataHeaderName: '',
    earlyDataWhole: false,
    trustForwardedFor: false,
    heartbeatSeconds: 0,
    ...more,
  };
  return { network: 'ws', ws, sockopt };
}

export function httpUpgradeSettings(
  more: Partial<HttpUpgradeSettings> = {},
): StreamSettings & { readonly network: 'httpupgrade' } {
  const httpupgrade: HttpUpgradeSettings = {
    path: '/way',
    headers: {},
    acceptProxyProtocol: false,
    earlyDataHeaderName: '',
    maxEarlyData: 0,
    trustForwardedFor: false,
    ...more,
  };
  return { network: 'httpupgrade', httpupgrade, sockopt };
}

/** How early data can travel in ws: what the client and the server are set to. */
export const earlyDataForms = {
  path: { maxEarlyData: 2048, earlyDataHeaderName: '', earlyDataWhole: false },
  header: { maxEarlyData: 2048, earlyDataHeaderName: 'X-Early', earlyDataWhole: false },
  'Sec-WebSocket-Protocol': {
    maxEarlyData: 2048,
    earlyDataHeaderName: 'Sec-WebSocket-Protocol',
    earlyDataWhole: true,
  },
} as const satisfies Record<string, Partial<WsSettings>>;
