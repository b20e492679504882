/** `settings` of inbounds, by protocol. */
import type { ConfigNode } from '../tree/node.js';
import type { At } from './report.js';
import { type Convert, dropped, keep, type Shape, shape, translateObject } from './shape.js';
import { memberFor, number, objectNode, word } from './values.js';

const nothing = 'jsonv5 has nothing like it.';

/** A list of IDs to the v4 form's list of users. */
const users: Convert = (node) => {
  if (node.kind !== 'list') return node;
  const items = node.items.map((item) => objectNode([memberFor('id', { ...item, written: [] })], item));
  return { ...node, items };
};

const vmess = shape(
  { users: keep('clients', users) },
  {
    clients: 'jsonv5 has "users": a list of IDs, without email and level.',
    default: nothing,
    detour: nothing,
    features: nothing,
    disableInsecureEncryption: nothing,
  },
);

const accounts = 'jsonv5 has no accounts; the v4 format does.';

const socks = shape(
  {
    address: keep('ip'),
    udpEnabled: keep('udp'),
    packetEncoding: keep('packetEncoding', word({ None: 'None', Packet: 'Packet', Stream: 'Stream' })),
    // Replies wait for the outbound anyway.
    deferLastReply: dropped,
    mixed: keep('mixed'),
  },
  { auth: accounts, accounts, udp: 'Write "udpEnabled".', ip: 'Write "address".', userLevel: nothing },
);

const http = shape({}, { accounts, allowTransparent: nothing, userLevel: nothing });

const dokodemo = shape(
  {
    address: keep('address'),
    port: keep('port', number),
    networks: keep('network'),
    followRedirect: keep('followRedirect'),
  },
  { network: 'Write "networks".', userLevel: nothing },
);

const shapes = new Map<string, Shape>([
  ['vmess', vmess],
  ['socks', socks],
  ['http', http],
  ['dokodemo-door', dokodemo],
]);

/** Settings of a protocol that is not here stay as they are: the protocol is the error. */
export function translateInboundSettings(protocol: string, node: ConfigNode, at: At): ConfigNode {
  const known = shapes.get(protocol);
  return known === undefined ? node : translateObject(node, known, at);
}
