/** An entry of sing-box's `outbounds` with `"type": "vmess"` → a link. */
import { linkFault } from '../share-link/fault.js';
import { linkOfValues, type ShareLink } from '../share-link/share-link.js';
import { LinkValues } from '../share-link/values.js';
import { memberOf, type ObjectNode } from '../tree/node.js';
import { isOn, objectAt, textAt, textOf } from './nodes.js';

/** What says nothing about the way to the server; `network` is which of TCP and UDP may go there. */
const harmless = new Set([
  'type',
  'network',
  'tag',
  'tls',
  'transport',
  'multiplex',
  'connect_timeout',
  'domain_strategy',
  'domain_resolver',
  'fallback_delay',
  'udp_fragment',
]);

/** Throws ERR_LINK. */
export function readSingboxOutbound(node: ObjectNode): ShareLink {
  const values = new LinkValues();
  for (const { key, value } of node.members) {
    if (!harmless.has(key) && (value.kind !== 'boolean' || value.value)) values.set(key, textOf(value));
  }
  values.replace('name', textAt(node, 'tag'));
  values.replace('encryption', textAt(node, 'security'));
  values.replace('security', 'none');
  const multiplex = objectAt(node, 'multiplex');
  if (multiplex !== undefined && textAt(multiplex, 'enabled') === 'true') values.replace('mux', '1');
  const tls = objectAt(node, 'tls');
  const hasTls = tls !== undefined && textAt(tls, 'enabled') === 'true';
  if (hasTls) readTls(tls, values);
  const transport = objectAt(node, 'transport');
  if (transport !== undefined) readTransport(transport, hasTls, values);
  return linkOfValues(values, { hostIsServerName: false });
}

function readTls(tls: ObjectNode, values: LinkValues): void {
  values.replace('security', 'tls');
  for (const { key, value } of tls.members) {
    switch (key) {
      case 'enabled':
      case 'engine':
      case 'min_version':
      case 'max_version':
        break;
      case 'reality':
        if (isOn(value)) values.replace('security', 'reality');
        break;
      case 'utls':
        if (isOn(value))
          values.replace('fp', value.kind === 'object' ? textAt(value, 'fingerprint') || 'chrome' : '');
        break;
      case 'ech':
        if (isOn(value)) values.replace('ech', '1');
        break;
      case 'certificate':
      case 'certificate_path':
      case 'certificate_public_key_sha256':
        if (textOf(value) !== '') values.replace('pin', key);
        break;
      case 'server_name':
      case 'insecure':
      case 'alpn':
        values.set(key, textOf(value));
        break;
      default:
        if (isOn(value)) values.set(`tls.${key}`, textOf(value) || '1');
    }
  }
}

function readTransport(transport: ObjectNode, hasTls: boolean, values: LinkValues): void {
  const type = textAt(transport, 'type').toLowerCase();
  if (type === 'http' && !hasTls) {
    throw linkFault('the server is reached by HTTP/1.1 without TLS, which V2Ray 4 and tsray do not have');
  }
  values.replace('network', type);
  const early = memberOf(transport, 'early_data_header_name')?.value;
  for (const { key, value } of transport.members) {
    switch (key) {
      case 'type':
      case 'early_data_header_name':
      case 'idle_timeout':
      case 'ping_timeout':
      case 'permit_without_stream':
        break;
      case 'headers':
        for (const header of value.kind === 'object' ? value.members : []) {
          if (header.key.toLowerCase() === 'host') values.set('host', textOf(header.value));
          else values.setField(header.key, textOf(header.value));
        }
        break;
      case 'max_early_data':
        // Without the header's name it would go into the path.
        if (early !== undefined && textOf(early) !== '') {
          values.replace('earlyData', textOf(value));
          values.replace('earlyDataHeader', textOf(early));
        } else if (textOf(value) !== '0') {
          values.set('early data in the address', textOf(value));
        }
        break;
      case 'path':
      case 'host':
      case 'service_name':
        values.set(key, textOf(value));
        break;
      default:
        if (isOn(value)) values.set(`${type} ${key}`, textOf(value) || '1');
    }
  }
}
