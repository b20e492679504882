/** `streamSettings` */
import type { ConfigNode, Member, ObjectNode } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import { dropped, type Field, keep, shape, translated } from './shape.js';
import { emptyTls, translateTls } from './tls.js';
import { type Role, settingsKey, translateTransport } from './transports.js';
import { asksNothing } from './values.js';

const olderKeys: Readonly<Record<string, string>> = {
  network: 'Write "transport".',
  sockopt: 'Write "socketSettings".',
  tlsSettings: 'Write "securitySettings".',
  ...Object.fromEntries(
    ['tcp', 'raw', 'ws', 'http', 'kcp', 'quic', 'ds', 'grpc', 'gun', 'httpupgrade', 'hy2'].map((name) => [
      `${name}Settings`,
      'Write "transportSettings".',
    ]),
  ),
};

export function translateStream(node: ConfigNode, role: Role, at: At): ConfigNode {
  if (node.kind !== 'object') return node;
  // The v4 format's key is an error, but tells what the settings are for.
  const transport = wordAt(node, 'transport') ?? wordAt(node, 'network') ?? 'tcp';
  const security = wordAt(node, 'security') ?? 'none';
  const key = settingsKey(transport);
  const fields = {
    transport: keep('network'),
    transportSettings: key === undefined ? dropped : carrier(key, transport, role, node),
    security: keep('security'),
    securitySettings: security === 'utls' ? dropped : keep('tlsSettings', translateTls),
    socketSettings: keep('sockopt'),
  };
  const stream = translated(node, shape(fields, olderKeys), at);
  const tls = security === 'tls' && !stream.members.some((member) => member.key === 'tlsSettings');
  return tls ? { ...stream, members: [...stream.members, emptyTls(node, at)] } : stream;
}

function carrier(key: string, transport: string, role: Role, stream: ObjectNode): Field {
  const given = ['transport', 'network'].some((name) => namedMember(stream, name) !== undefined);
  const otherwise = given
    ? undefined
    : 'Without "transport" these are the settings of "tcp"; name the one they are for.';
  const field = keep(key, (node, at) => translateTransport(transport, role, node, at, otherwise));
  return {
    ...field,
    read(member: Member, at: At) {
      return asksNothing(member.value) && member.value.kind === 'object' && member.value.members.length === 0
        ? []
        : field.read(member, at);
    },
  };
}

function wordAt(node: ObjectNode, name: string): string | undefined {
  const value = namedMember(node, name)?.value;
  return value?.kind === 'string' && value.value !== '' ? value.value.toLowerCase() : undefined;
}

/** The member of a handler. */
export function streamField(role: Role): Field {
  return keep('streamSettings', (node, at) => translateStream(node, role, within(at)));
}
