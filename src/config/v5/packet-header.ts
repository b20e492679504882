/** Settings of any type, told by `@type`: the disguises of mKCP, QUIC and TCP. */
import { describeFound } from '../check/found.js';
import { oneOf } from '../did-you-mean.js';
import type { ConfigNode, Member, ObjectNode } from '../tree/node.js';
import { headerList } from './headers.js';
import { type At, within } from './report.js';
import { type Convert, dropped, keep, lifted, type Shape, shape, translated } from './shape.js';
import { memberFor, object, objectNode, textNode, wrapped } from './values.js';

const prefix = 'v2ray.core.transport.internet.headers.';

/** Message → the v4 form's word. */
const packetTypes = new Map(
  Object.entries({
    'noop.Config': 'none',
    'srtp.Config': 'srtp',
    'utp.Config': 'utp',
    'wechat.VideoConfig': 'wechat-video',
    'tls.PacketConfig': 'dtls',
    'wireguard.WireguardConfig': 'wireguard',
  }),
);

const streamTypes = new Map(
  Object.entries({
    'noop.ConnectionConfig': 'none',
    'noop.Config': 'none',
    'http.Config': 'http',
  }),
);

/** Details of the disguises that never differ from what is sent anyway. */
const packetShape = shape(
  Object.fromEntries(
    ['@type', 'version', 'padding', 'extension', 'csrcCount', 'marker', 'payloadType'].map((key) => [
      key,
      dropped,
    ]),
  ),
);

const text = wrapped('value', (node) => node);

const httpShape = shape({
  '@type': dropped,
  request: keep(
    'request',
    object(
      shape({
        version: keep('version', text),
        method: keep('method', text),
        uri: keep('path'),
        header: keep('headers', headerList('name')),
      }),
    ),
  ),
  response: keep(
    'response',
    object(
      shape({
        version: keep('version', text),
        status: lifted(shape({ code: keep('status'), reason: keep('reason') })),
        header: keep('headers', headerList('name')),
      }),
    ),
  ),
});

/** `header` of the v4 form's kcpSettings and quicSettings. */
export const packetHeader: Convert = (node, at) => typed(node, packetTypes, packetShape, at);

/** `header` of the v4 form's tcpSettings. */
export const streamHeader: Convert = (node, at) => typed(node, streamTypes, httpShape, at);

function typed(
  node: ConfigNode,
  types: ReadonlyMap<string, string>,
  inner: Shape,
  at: At,
): ObjectNode | undefined {
  const type = node.kind === 'object' ? node.members.findLast(({ key }) => key === '@type') : undefined;
  const name = type?.value.kind === 'string' ? type.value.value.replace(/^.*\//, '') : undefined;
  const known = name?.startsWith(prefix) === true ? types.get(name.slice(prefix.length)) : undefined;
  if (node.kind !== 'object' || type === undefined || known === undefined) {
    const found =
      name === undefined ? describeFound(type?.value ?? node, 'kind') : JSON.stringify(name.slice(0, 80));
    const names = oneOf([...types.keys()].map((each) => prefix + each));
    const where = type === undefined ? at : within(at, '@type');
    const message =
      type === undefined
        ? `expected "@type": ${names}, found ${found} without it`
        : `expected ${names}, found ${found}`;
    at.report.error(type?.value ?? node, where, 'ERR_CONFIG_VALUE', message);
    return undefined;
  }
  const word: Member = memberFor('type', { ...textNode(known, type.value), written: ['@type'] });
  const { members } = translated(node, inner, at);
  return objectNode([word, ...members], node);
}
