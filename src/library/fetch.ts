/**
 * The fetch of the running Node through a client, so that its FormData, Blob, Request and signals mean what they mean
 * everywhere, and its Response is one. Only the connections are the client's.
 */
import type { Agent } from 'undici';
import { TsrayError, toTsrayError } from '../core/errors.js';
import { checkOptions } from './known-keys.js';
import { checkTlsOptions, type TlsOptions } from './tls-options.js';

/** What `client.fetch` takes beside the URL. */
export interface ClientRequestInit extends Omit<RequestInit, 'dispatcher'> {
  /** TLS with an `https:` target, over the client's own. Requests with the same object share connections. */
  readonly tls?: TlsOptions;
}

/** Can be given to whatever wants a `fetch`. */
export type ClientFetch = (input: string | URL | Request, init?: ClientRequestInit) => Promise<Response>;

/** Of fetch itself. `dispatcher` is not among them: the request would not go through the server. */
const memberNames = [
  'body',
  'cache',
  'credentials',
  'duplex',
  'headers',
  'integrity',
  'keepalive',
  'method',
  'mode',
  'priority',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal',
  'window',
];

/** Before a program puts ours in its place. */
const nodeFetch = globalThis.fetch as typeof fetch | undefined;

/** `agentFor` answers the agent of TLS options; throws ERR_CLOSED. */
export function createFetch(agentFor: (tls: TlsOptions | undefined) => Agent): ClientFetch {
  return async function fetch(input, given) {
    // As everywhere: null is no options.
    const init = given ?? {};
    const { send, members } = attempt(() => prepare(init));
    const dispatcher = attempt(() => agentFor(init.tls));
    // Node's types know the dispatcher of the undici that Node has.
    return send(input, { ...members, dispatcher } as unknown as RequestInit);
  };
}

/** fetch fails with a TypeError, whatever the reason. */
function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    const cause = toTsrayError(thrown, 'ERR_INTERNAL');
    throw new TypeError(cause.message, { cause });
  }
}

interface Prepared {
  readonly send: typeof fetch;
  readonly members: RequestInit;
}

/** Throws ERR_USAGE. */
function prepare(init: ClientRequestInit): Prepared {
  if (nodeFetch === undefined) throw new TsrayError('ERR_USAGE', 'this environment has no fetch');
  checkOptions(present(init), [...memberNames, 'tls'], 'fetch');
  if (init.tls !== undefined) checkTlsOptions(init.tls, 'fetch: tls');
  const members: Record<string, unknown> = {};
  for (const name of memberNames) {
    // One by one, since a Request, whose members are its prototype's, may stand here too.
    const value = (init as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) members[name] = name === 'body' ? ownBody(value) : value;
  }
  return { send: nodeFetch, members };
}

/** Libraries set what they do not use to undefined. */
function present(init: object): object {
  if (typeof init !== 'object') return init;
  return Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined));
}

/** Without this, Node would send the text "[object FormData]" for a FormData that is not its own. Throws ERR_USAGE. */
function ownBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const kind = (body as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (kind === 'FormData' && !(body instanceof FormData)) return ownFormData(body);
  if ((kind === 'Blob' || kind === 'File') && !(body instanceof Blob)) throw foreign(kind);
  return body;
}

function ownFormData(form: object): FormData {
  if (!('entries' in form) || typeof form.entries !== 'function') throw foreign('FormData');
  const own = new FormData();
  for (const [name, value] of form.entries() as Iterable<readonly [string, unknown]>) {
    if (typeof value === 'string') own.append(name, value);
    else if (value instanceof Blob) own.append(name, value, (value as Blob & { name?: string }).name);
    else throw foreign('File');
  }
  return own;
}

function foreign(kind: string): TsrayError {
  return new TsrayError(
    'ERR_USAGE',
    `fetch: the body has a ${kind} of another library, which cannot be sent`,
    {
      hint: `Use the ${kind} that Node has.`,
    },
  );
}
