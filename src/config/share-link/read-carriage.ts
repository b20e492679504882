/** The transport of a link. */
import { oneOf } from '../did-you-mean.js';
import { linkFault, shown } from './fault.js';
import type { LinkCarriage, LinkPacketHeader } from './fields.js';
import type { Reading } from './reading.js';
import { hostsOf, listOf } from './values.js';
import { isForeignNetwork, isNetworkWord, networkOf, packetHeaders, quicSecurities } from './words.js';

/** Throws ERR_LINK for a transport, a header or a security that tsray does not have. */
export function readCarriage(reading: Reading, host: string): LinkCarriage {
  const { values } = reading;
  const given = transportWord(reading);
  const network = networkOf(given);
  if (network === undefined) throw noNetwork(reading, given);
  const headerType = values.take('headerType').toLowerCase();
  const path = values.take('path');
  switch (network) {
    case 'tcp':
      return readTcp(reading, headerType, host, path);
    case 'kcp':
      return {
        network,
        header: packetHeader(reading, 'mKCP', headerType),
        seed: values.exact('seed'),
      };
    case 'quic':
      return readQuic(reading, headerType);
    case 'grpc': {
      const mode = values.take('mode').toLowerCase();
      if (!['', 'none', 'gun', 'guna', 'multi'].includes(mode)) {
        reading.warnings.push(`mode ${shown(mode, reading.id)} is unknown, "gun" is used`);
      }
      noteUnused(reading, 'headerType', headerType);
      const serviceName = values.take('serviceName') || path;
      return {
        network,
        serviceName,
        multiMode: mode === 'multi',
        authority: values.take('authority') || host,
      };
    }
    case 'http':
      noteUnused(reading, 'headerType', headerType);
      return { network, hosts: hostsOf(host), path };
    default:
      noteUnused(reading, 'headerType', headerType);
      return {
        network,
        host,
        path: network === 'ws' ? withEarlyData(reading, path) : path,
        ...headersOf(reading),
      };
  }
}

function headersOf({ values }: Reading): { readonly headers?: Readonly<Record<string, string>> } {
  const headers = values.takeFields();
  return Object.keys(headers).length === 0 ? {} : { headers };
}

/** `wss` and `ws+tls` say TLS too. */
function transportWord({ values }: Reading): string {
  const given = values.take('network');
  const [, plain = ''] = /^(\w+)\+tls$/i.exec(given) ?? [];
  const word = given.toLowerCase() === 'wss' ? 'ws' : plain;
  if (word === '') return given;
  values.replace('security', 'tls');
  return word;
}

/** Any header but `http` is none, as in v2rayN and its kin. */
function readTcp(reading: Reading, headerType: string, host: string, path: string): LinkCarriage {
  if (headerType === 'http') {
    return { network: 'tcp', httpHead: { hosts: hostsOf(host), paths: listOf(path) } };
  }
  if (!isNetworkWord(headerType)) noteUnused(reading, 'header', headerType);
  return { network: 'tcp' };
}

function readQuic(reading: Reading, headerType: string): LinkCarriage {
  const given = reading.values.take('quicSecurity');
  const security = quicSecurities.find((each) => each === (given === '' ? 'none' : given.toLowerCase()));
  if (security === undefined) {
    throw linkFault(
      `expected ${oneOf(quicSecurities)} as security of QUIC, found ${shown(given, reading.id)}`,
    );
  }
  const key = reading.values.exact('key');
  return { network: 'quic', security, key, header: packetHeader(reading, 'QUIC', headerType) };
}

function packetHeader({ id }: Reading, network: string, given: string): LinkPacketHeader {
  const found = packetHeaders.find((header) => header === (given === '' ? 'none' : given));
  if (found !== undefined) return found;
  throw linkFault(`expected ${oneOf(packetHeaders)} as header of ${network}, found ${shown(given, id)}`);
}

/** `ed` beside the path, which V2Ray has in it. */
function withEarlyData({ id, values, warnings }: Reading, path: string): string {
  const bytes = values.take('earlyData');
  const header = values.take('earlyDataHeader');
  if (bytes === '' || bytes === '0' || /[?&]ed=/.test(path)) return path;
  if (!/^\d{1,9}$/.test(bytes) || !/^(?:sec-websocket-protocol)?$/i.test(header)) {
    warnings.push(`early data of ${shown(bytes, id)} bytes is ignored`);
    return path;
  }
  const base = path === '' ? '/' : path;
  return `${base}${base.includes('?') ? '&' : '?'}ed=${bytes}`;
}

function noteUnused({ id, warnings }: Reading, key: string, value: string): void {
  if (value !== '' && value !== 'none' && value !== '---') {
    warnings.push(`${key}=${shown(value, id)} means nothing here and was ignored`);
  }
}

function noNetwork({ id }: Reading, given: string): Error {
  if (isForeignNetwork(given)) {
    const network = given.toLowerCase();
    return linkFault(`the link asks for the transport "${network}", which V2Ray 4 and tsray do not have`);
  }
  const known = oneOf(['tcp', 'ws', 'h2', 'grpc', 'kcp', 'quic', 'httpupgrade']);
  return linkFault(`expected the transport ${known}, found ${shown(given, id)}`);
}
