/** Mux and packet encodings around an outbound: sessions and packets on its connections. */
import type { OutboundSettings } from '../config/settings.js';
import type { Outbound } from '../contract/outbound.js';
import { MuxClient } from '../proxy/mux/client.js';
import { GlobalIds } from '../proxy/mux/global-id.js';
import { XudpClient } from '../proxy/mux/xudp-client.js';
import { PacketAddrClient, PacketAddrOffer } from '../proxy/packet-addr/client.js';
import type { Parts } from './parts.js';

export function withSessions(plain: Outbound, settings: OutboundSettings, parts: Parts): Outbound {
  const { clock, crypto, nextId, logger: log, policy, random } = parts;
  const encoding = settings.protocol === 'vmess' ? settings.settings.packetEncoding : undefined;
  const xudp = encoding === 'xudp';
  const globalIds = new GlobalIds(crypto, random);
  let outbound = plain;
  if (xudp) outbound = new XudpClient({ outbound, clock, globalIds });
  if (settings.mux !== undefined) {
    const bufferBytes = (): number => policy.forLevel(0).bufferBytes;
    const deps = { outbound, clock, log, nextId, bufferBytes, globalIds };
    outbound = new MuxClient({ ...deps, settings: settings.mux, xudp });
  }
  if (encoding === 'packetaddr') return new PacketAddrClient(outbound, 'packet');
  if (encoding === 'packetaddr-stream') return new PacketAddrClient(outbound, 'stream');
  return settings.protocol === 'vmess' && !xudp ? new PacketAddrOffer(outbound) : outbound;
}
