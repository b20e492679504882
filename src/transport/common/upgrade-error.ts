/** What a web server's refusal of an upgrade means to the user. */
import { TsrayError } from '../../core/errors.js';

const hints: Readonly<Record<number, string>> = {
  301: 'The server redirects: is it meant to be reached with TLS, or under another name?',
  302: 'The server redirects: is it meant to be reached with TLS, or under another name?',
  400: 'The server takes the request for a wrong one: does a reverse proxy pass on the Upgrade and Connection headers?',
  403: 'The server forbids it: is the Host right?',
  404: 'Compare path and host with the server’s.',
  502: 'The reverse proxy in front is there, the server behind it is not.',
  503: 'The reverse proxy in front is there, the server behind it is not.',
  504: 'The reverse proxy in front is there, the server behind it does not answer.',
};

/** ERR_UPSTREAM for another answer than 101. `what`: the transport's name in messages. */
export function refused(where: string, status: number, what: string): TsrayError {
  const hint = hints[status];
  return new TsrayError('ERR_UPSTREAM', `${where} answered the ${what} request with status ${status}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
