/** Targets and other facts of a connection as `tsray route` takes them. */
import type { Sniffed } from '../../contract/route-query.js';
import { TsrayError } from '../../core/errors.js';
import { type Address, parseAddress } from '../../core/net/address.js';
import type { Destination, Network } from '../../core/net/destination.js';
import { hostFromText } from '../../core/net/host-name.js';

const example = 'Such as tcp:example.com:443, udp:192.0.2.1:53 or https://example.com.';

/** `tcp:host:port`, `udp:host:port`, `host:port` (TCP), or the URL of a web page. Throws ERR_USAGE. */
export function parseTarget(given: string): Destination {
  const text = given.trim();
  const url = /^(https?):\/\/([^/?#]+)/i.exec(text);
  if (url !== null) {
    const port = url[1]!.toLowerCase() === 'https' ? 443 : 80;
    return destinationOf('tcp', hostAndPort(url[2]!.replace(/^.*@/, '')) ?? { host: url[2]!, port }, given);
  }
  const parts = /^(?:(tcp|udp):)?(.*)$/i.exec(text);
  const network: Network = parts?.[1]?.toLowerCase() === 'udp' ? 'udp' : 'tcp';
  return destinationOf(network, hostAndPort(parts?.[2] ?? ''), given);
}

/** `ip` or `ip:port`; the port is 0 if there is none. Throws ERR_USAGE. */
export function parseSource(given: string, network: Network): Destination {
  const whole = parseAddress(given);
  if (whole.kind !== 'domain') return { network, address: whole, port: 0 };
  const { address, port } = destinationOf(network, hostAndPort(given), given);
  if (address.kind === 'domain')
    throw new TsrayError('ERR_USAGE', `expected the address of a client, found ${JSON.stringify(given)}`);
  return { network, address, port };
}

/** `tls:example.com`, `http1:example.com`, or the protocol alone. Throws ERR_USAGE. */
export function parseSniffed(given: string): Sniffed {
  const [protocol = '', ...rest] = given.split(':');
  const domain = rest.join(':');
  if (!/^[a-z][a-z0-9]*$/.test(protocol)) {
    throw new TsrayError(
      'ERR_USAGE',
      `expected a protocol such as tls or tls:example.com, found ${JSON.stringify(given)}`,
    );
  }
  const name = protocol === 'http' ? 'http1' : protocol;
  return domain === '' ? { protocol: name } : { protocol: name, domain: domain.toLowerCase() };
}

/** `name=address`, as the answer to a lookup. Throws ERR_USAGE. */
export function parseAnswer(given: string): { readonly name: string; readonly address: Address } {
  const at = given.indexOf('=');
  const address = parseAddress(given.slice(at + 1));
  if (at < 1 || address.kind === 'domain') {
    throw new TsrayError('ERR_USAGE', `expected name=address, found ${JSON.stringify(given)}`);
  }
  return { name: given.slice(0, at).toLowerCase(), address };
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

function hostAndPort(text: string): HostPort | undefined {
  const parts = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text);
  return parts === null ? undefined : { host: parts[1]!, port: Number(parts[2]) };
}

function destinationOf(network: Network, parts: HostPort | undefined, given: string): Destination {
  const address = parts === undefined ? undefined : hostFromText(parts.host);
  if (parts === undefined || address === undefined || parts.port > 65_535) {
    throw new TsrayError('ERR_USAGE', `expected a target, found ${JSON.stringify(given.slice(0, 80))}`, {
      hint: example,
    });
  }
  return { network, address, port: parts.port };
}
