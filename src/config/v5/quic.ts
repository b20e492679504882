/** `transportSettings` of "quic". */
import { oneOf } from '../did-you-mean.js';
import type { ConfigNode } from '../tree/node.js';
import { packetHeader } from './packet-header.js';
import type { At } from './report.js';
import { type Convert, keep, shape, translateObject } from './shape.js';
import { memberFor, textNode, wordName, wrapped } from './values.js';

/** In the order of their numbers. */
const names = ['UNKNOWN', 'LEGACY', 'AUTO', 'AES128_GCM', 'CHACHA20_POLY1305', 'NONE', 'ZERO'];

/** What V2Ray takes for AUTO, and where nothing is said, on machines with instructions for AES. */
const automatic = 'aes-128-gcm';

const words = new Map([
  ['AUTO', automatic],
  ['AES128_GCM', 'aes-128-gcm'],
  ['CHACHA20_POLY1305', 'chacha20-poly1305'],
  ['NONE', 'none'],
]);

const security: Convert = (node, at) => {
  const name = wordName(names, node, at);
  if (name === undefined) return undefined;
  const word = words.get(name);
  if (word !== undefined) return textNode(word, node);
  const message = `expected ${oneOf([...words.keys()])}, found "${name}"`;
  at.report.error(node, at, 'ERR_CONFIG_VALUE', message);
  return undefined;
};

const quic = shape({
  key: keep('key'),
  security: keep('security', wrapped('type', security)),
  header: keep('header', packetHeader),
});

/** The v4 form seals no packets where nothing is said. */
export function translateQuic(node: ConfigNode, at: At): ConfigNode {
  const settings = translateObject(node, quic, at);
  if (settings.kind !== 'object' || settings.members.some(({ key }) => key === 'security')) return settings;
  const members = [...settings.members, memberFor('security', textNode(automatic, node))];
  return { ...settings, members };
}
