/** An entry of V2Ray's or Xray's `outbounds` with `"protocol": "vmess"` → links, one for each user of each server. */

import { formatUuid } from '../../proxy/vmess/uuid.js';
import { outboundInV2rayForm } from '../newer-forms.js';
import { linkFault } from '../share-link/fault.js';
import type { LinkOutbound, LinkStream } from '../share-link/outbound.js';
import { readOutboundNode } from '../share-link/outbound-settings.js';
import type { ShareLink } from '../share-link/share-link.js';
import { memberOf, type ObjectNode, plainValue } from '../tree/node.js';
import { textAt } from './nodes.js';

/** Throws ERR_LINK for one that is not valid, or leads through another outbound. */
export function readV2rayOutbound(given: ObjectNode, name: string): readonly ShareLink[] {
  const node = outboundInV2rayForm(given);
  const { settings, warnings } = readOutboundNode(node);
  if (settings.protocol !== 'vmess') throw linkFault('expected a vmess outbound');
  if (settings.proxyTag !== undefined) {
    throw linkFault('the server is to be reached through another outbound, which is not read');
  }
  const notes = [...warnings];
  if (settings.mux !== undefined) notes.push('mux is ignored; a configuration can switch it on');
  if (textAt(node, 'sendThrough') !== '') notes.push('sendThrough is ignored');
  const stream = memberOf(node, 'streamSettings')?.value;
  // Valid, since it has been read above.
  const streamSettings = stream?.kind === 'object' ? (plainObject(stream) as LinkStream) : undefined;
  const { packetEncoding, servers } = settings.settings;
  return servers.flatMap(({ address, port, users }) =>
    users.map((user) => {
      const outbound: LinkOutbound = {
        protocol: 'vmess',
        settings: {
          vnext: [
            {
              address: address.host,
              port,
              users: [{ id: formatUuid(user.id), alterId: user.alterId, security: user.security }],
            },
          ],
          ...(packetEncoding === 'xudp' || packetEncoding === 'packetaddr' ? { packetEncoding } : {}),
        },
        ...(streamSettings === undefined ? {} : { streamSettings }),
      };
      return { name: name || user.email, outbound, warnings: notes };
    }),
  );
}

/** With the prototype of other objects, so that programs can compare it. */
function plainObject(node: ObjectNode): unknown {
  return JSON.parse(JSON.stringify(plainValue(node)));
}
