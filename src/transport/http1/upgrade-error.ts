/** What a web server's refusal of an upgrade means to the user. */
import { TsrayError } from '../../core/errors.js';

const elsewhere = 'The server redirects: is it meant to be reached with TLS, or under another name?';
const behind =
  'The reverse proxy or CDN in front is there, the server behind it is not: does it run, on the port that the proxy asks?';

const hints: Readonly<Record<number, string>> = {
  301: elsewhere,
  302: elsewhere,
  303: elsewhere,
  307: elsewhere,
  308: elsewhere,
  400: 'The server takes the request for a wrong one: does a reverse proxy pass on the Upgrade and Connection headers, and is the port one of plain HTTP?',
  401: 'The server asks for a password: a web site is there, and the path is one of its own.',
  403: 'The server or CDN forbids it: is the Host right, and does the CDN let WebSocket through?',
  404: 'Compare path and host with the server’s.',
  405: 'The path is one of a web site: compare path and host with the server’s.',
  421: 'The server has no site of that name: is the Host right, and "serverName" the same?',
  426: 'The server wants another form of upgrade: compare the transport (ws, httpupgrade) with the server’s.',
  429: 'The server or CDN says that there were too many requests.',
  502: behind,
  503: behind,
  504: 'The reverse proxy or CDN in front is there, the server behind it does not answer.',
};

/** ERR_UPSTREAM for another answer than 101. `what`: the transport's name in messages. */
export function refused(where: string, status: number, what: string): TsrayError {
  const hint = hints[status] ?? hintOfKind(status);
  return new TsrayError('ERR_UPSTREAM', `${where} answered the ${what} request with status ${status}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}

function hintOfKind(status: number): string | undefined {
  if (status >= 200 && status < 300) {
    return 'A web site answered: the path or the host is another one than the server’s, or a reverse proxy does not pass on the Upgrade and Connection headers.';
  }
  // Cloudflare's own: it could not reach, or make TLS with, the server behind it.
  if (status >= 520 && status <= 530) {
    return 'The CDN in front cannot reach the server behind it: look at its address, its port and its TLS.';
  }
  return status >= 500 ? 'The server, or a proxy in front of it, has a fault of its own.' : undefined;
}
