/** Parts of configurations that V2Ray and tsray both read. */

/** User IDs of the test servers: one that is always legacy (alterId 4) and one that is always AEAD. */
export const users = {
  aead: { id: 'a3482e88-686a-4a58-8126-99c9df64b7bf', alterId: 0, email: 'aead@example.com' },
  legacy: { id: '5783a3e7-e373-51cd-8642-c83782b807c5', alterId: 4, email: 'legacy@example.com' },
} as const;

export type HeaderKind = keyof typeof users;
export const headerKinds: readonly HeaderKind[] = ['aead', 'legacy'];

/** Securities a tsray client offers; V2Ray 4.34 as a client lacks the last two. */
export const securities = [
  'aes-128-gcm',
  'chacha20-poly1305',
  'none',
  'auto',
  'zero',
  'aes-128-cfb',
] as const;
export type Security = (typeof securities)[number];
export const v2raySecurities: readonly Security[] = ['aes-128-gcm', 'chacha20-poly1305', 'none', 'auto'];

export function socksInbound(port: number, tag = 'socks'): object {
  return { tag, protocol: 'socks', listen: '127.0.0.1', port, settings: { udp: true, ip: '127.0.0.1' } };
}

/** A server for both `users`. */
export function vmessInbound(port: number, settings: object = {}, tag = 'vmess'): object {
  return {
    tag,
    protocol: 'vmess',
    listen: '127.0.0.1',
    port,
    settings: { clients: [users.aead, users.legacy], ...settings },
  };
}

export function vmessOutbound(port: number, kind: HeaderKind, security: Security, tag = 'vmess'): object {
  const { id, alterId } = users[kind];
  return {
    tag,
    protocol: 'vmess',
    settings: { vnext: [{ address: '127.0.0.1', port, users: [{ id, alterId, security }] }] },
  };
}

export const freedomOutbound: object = { tag: 'direct', protocol: 'freedom' };

/** One inbound and outbound of a client per combination, joined by their tags. */
export interface ClientLane {
  readonly name: string;
  readonly port: number;
  readonly kind: HeaderKind;
  readonly security: Security;
}

/** A V2Ray client with a SOCKS port for each lane, all to the VMess server on `serverPort`. */
export function v2rayClient(lanes: readonly ClientLane[], serverPort: number): object {
  return {
    inbounds: lanes.map((lane) => socksInbound(lane.port, lane.name)),
    outbounds: lanes.map((lane) => vmessOutbound(serverPort, lane.kind, lane.security, `out-${lane.name}`)),
    routing: {
      rules: lanes.map((lane) => ({
        type: 'field',
        inboundTag: [lane.name],
        outboundTag: `out-${lane.name}`,
      })),
    },
  };
}
