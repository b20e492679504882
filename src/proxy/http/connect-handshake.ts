/** What a client of an HTTP proxy sends and reads until its tunnel is open (RFC 9110 section 9.3.6). */
import { TsrayError } from '../../core/errors.js';
import { encodeHead, type Field } from '../../core/http1/fields.js';
import type { ResponseHead } from '../../core/http1/head.js';
import { HeadDecoder } from '../../core/http1/head-decoder.js';
import { formatHostPort } from '../../core/net/address.js';
import type { Handshake, HandshakeStep } from '../../core/stream/handshake.js';
import { basicCredentials } from './basic-auth.js';
import { maxResponseHeadBytes } from './limits.js';
import type { HttpAccount } from './settings.js';
import type { Authority } from './target.js';

export function encodeConnect(target: Authority, account: HttpAccount | undefined): Uint8Array {
  const authority = formatHostPort(target.address.host, target.port);
  const fields: Field[] = [
    ['Host', authority],
    ['Proxy-Connection', 'Keep-Alive'],
  ];
  if (account !== undefined) {
    fields.push(['Proxy-Authorization', basicCredentials(account.user, account.pass)]);
  }
  return encodeHead(`CONNECT ${authority} HTTP/1.1`, fields);
}

/** Interim answers before the final one that are borne; none is ever needed. */
const maxInterim = 8;

/** Done with a 2xx answer: what follows its head belongs to the tunnel, whatever lengths the head announces. */
export class ConnectHandshake implements Handshake<true> {
  #decoder = HeadDecoder.response(maxResponseHeadBytes);
  #interim = 0;

  push(bytes: Uint8Array): HandshakeStep<true> {
    let input = bytes;
    for (;;) {
      const step = this.#decoder.push(input);
      if (step.kind === 'more') return step;
      if (step.kind === 'failed') return { kind: 'failed', error: notHttp(step.error) };
      const { head, rest } = step;
      if (head.status >= 200 && head.status < 300) return { kind: 'done', value: true, rest };
      this.#interim += 1;
      if (head.status >= 200 || head.status === 101 || this.#interim > maxInterim) {
        return { kind: 'failed', error: refusal(head) };
      }
      this.#decoder = HeadDecoder.response(maxResponseHeadBytes);
      input = rest;
    }
  }
}

function notHttp(cause: TsrayError): TsrayError {
  return new TsrayError('ERR_UPSTREAM', `the upstream does not answer as an HTTP proxy: ${cause.message}`, {
    hint: 'Is an HTTP proxy listening on that address and port?',
    cause,
  });
}

function refusal(head: ResponseHead): TsrayError {
  const reason = head.reason.slice(0, 100).replaceAll(/[^ -~]/g, '?');
  const hint = hints[head.status];
  return new TsrayError(
    'ERR_UPSTREAM',
    `the upstream HTTP proxy refused the request: ${head.status} ${reason}`.trimEnd(),
    hint === undefined ? {} : { hint },
  );
}

const hints: Readonly<Record<number, string>> = {
  400: 'Is it a proxy? A web server answers CONNECT this way too.',
  403: 'Its configuration refuses this target or this client.',
  404: 'Is it a proxy? A web server answers CONNECT this way too.',
  405: 'Is it a proxy? A web server answers CONNECT this way too.',
  407: 'It asks for a user and password: check "users" of the outbound. Only Basic authentication is supported.',
  501: 'It does not support CONNECT.',
  502: 'The proxy could not reach the target.',
  503: 'The proxy could not reach the target.',
  504: 'The target did not answer the proxy in time.',
};
