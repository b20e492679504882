/** `services.policy`: V2Ray's policy with its keys in groups. */
import type { ConfigNode } from '../tree/node.js';
import { type At, within } from './report.js';
import { keep, lacking, lifted, shape } from './shape.js';
import { asksNothing, number, object, scaled, wrapped } from './values.js';

const seconds = wrapped('value', number);

const level = shape(
  {
    timeout: lifted(
      shape(
        {
          handshake: keep('handshake', seconds),
          connectionIdle: keep('connIdle', seconds),
          uplinkOnly: keep('uplinkOnly', seconds),
          downlinkOnly: keep('downlinkOnly', seconds),
        },
        { connIdle: 'Write "connectionIdle".' },
      ),
    ),
    stats: lifted(shape({ userUplink: keep('statsUserUplink'), userDownlink: keep('statsUserDownlink') })),
    // Bytes here, kilobytes there.
    buffer: lifted(
      shape({
        connection: keep(
          'bufferSize',
          scaled((bytes) => Math.ceil(bytes / 1024) || bytes),
        ),
      }),
    ),
  },
  {
    handshake: 'Put it into "timeout": { "handshake": { "value": ... } }.',
    connIdle: 'Write "timeout": { "connectionIdle": { "value": ... } }.',
    uplinkOnly: 'Put it into "timeout": { "uplinkOnly": { "value": ... } }.',
    downlinkOnly: 'Put it into "timeout": { "downlinkOnly": { "value": ... } }.',
    bufferSize: 'Write "buffer": { "connection": ... }, in bytes.',
    statsUserUplink: 'Write "stats": { "userUplink": ... }.',
    statsUserDownlink: 'Write "stats": { "userDownlink": ... }.',
  },
);

const system = shape({
  stats: lifted(
    shape({
      inboundUplink: keep('statsInboundUplink'),
      inboundDownlink: keep('statsInboundDownlink'),
      outboundUplink: keep('statsOutboundUplink'),
      outboundDownlink: keep('statsOutboundDownlink'),
    }),
  ),
  overrideAccessLogDest: lacking('overrideAccessLogDest is not supported by tsray', asksNothing),
});

const policy = shape(
  { level: keep('levels', levels), system: keep('system', object(system)) },
  { levels: 'Write "level".' },
);

export function translatePolicy(node: ConfigNode, at: At): ConfigNode | undefined {
  return object(policy)(node, at);
}

function levels(node: ConfigNode, at: At): ConfigNode {
  if (node.kind !== 'object') return node;
  const members = node.members.map((member) => {
    const value = object(level)(member.value, within(at, member.key));
    return value === undefined ? member : { ...member, value };
  });
  return { ...node, members };
}
