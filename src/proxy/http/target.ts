/** Where a request wants to go: the forms of a request target (RFC 9112 section 3.2). */

import { fieldValues } from '../../core/http1/fields.js';
import type { RequestHead } from '../../core/http1/head.js';
import { HttpSyntaxError } from '../../core/http1/syntax-error.js';
import type { Address } from '../../core/net/address.js';
import { hostFromText } from '../../core/net/host-name.js';

export interface Authority {
  readonly address: Address;
  readonly port: number;
}

export type RequestTarget =
  /** CONNECT. */
  | { readonly form: 'authority'; readonly authority: Authority }
  /** A forwarded request; `path` is what the origin is asked for, `host` its Host field. */
  | {
      readonly form: 'absolute' | 'origin';
      readonly authority: Authority;
      readonly path: string;
      readonly host: string;
    };

const httpPort = 80;

/** `host`, `host:port`, `[v6]:port`; undefined if it is none of them or has no port and there is no default. */
export function parseAuthority(text: string, defaultPort?: number): Authority | undefined {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(text);
  const address = match === null ? undefined : hostFromText(match[1]!);
  const digits = match?.[2];
  const port = digits === undefined || digits === '' ? defaultPort : Number(digits);
  if (address === undefined || port === undefined || port > 65535) return undefined;
  return { address, port };
}

/** Throws HttpSyntaxError (400). An origin-form target goes where Host says; whether that is allowed is asked elsewhere. */
export function parseTarget(head: RequestHead): RequestTarget {
  const { method, target } = head;
  const hosts = fieldValues(head.fields, 'host');
  if (hosts.length > 1) throw new HttpSyntaxError(400, 'the request has more than one Host');
  if (method === 'CONNECT') {
    const authority = parseAuthority(target);
    if (authority === undefined || authority.port === 0) {
      throw new HttpSyntaxError(400, 'CONNECT needs a target of the form host:port');
    }
    return { form: 'authority', authority };
  }
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) {
    return { form: 'origin', ...hostTarget(hosts[0]), path: target };
  }
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/.exec(target);
  if (match === null) throw new HttpSyntaxError(400, 'the request target is neither a URL nor a path');
  const [before, scheme = '', host = ''] = match;
  if (scheme.toLowerCase() === 'https') {
    throw new HttpSyntaxError(400, 'https URLs are reached with CONNECT');
  }
  if (scheme.toLowerCase() !== 'http') throw new HttpSyntaxError(400, 'only http URLs can be forwarded');
  const authority = parseAuthority(host, httpPort);
  if (authority === undefined) {
    throw new HttpSyntaxError(400, 'the URL needs a host, with no user or password before it');
  }
  return { form: 'absolute', authority, path: originPath(method, target.slice(before.length)), host };
}

/** RFC 9112 section 3.2.1 and 3.2.4: no path is `/`, or `*` for OPTIONS. */
function originPath(method: string, rest: string): string {
  if (rest === '' && method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function hostTarget(host: string | undefined): { authority: Authority; host: string } {
  const authority = host === undefined ? undefined : parseAuthority(host, httpPort);
  if (host === undefined || authority === undefined) {
    throw new HttpSyntaxError(400, 'a request for a path needs a Host');
  }
  return { authority, host };
}
