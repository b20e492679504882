/** Texts from the web: a subscription is one GET, bounded in time and size. */
import { percentDecode } from '../config/share-link/percent.js';
import { describeError, TsrayError } from '../core/errors.js';

export interface FetchedText {
  readonly text: string;
  readonly headers: Headers;
}

export interface FetchOptions {
  readonly timeoutMs?: number;
  readonly userAgent?: string;
  readonly signal?: AbortSignal;
}

/** Of a subscription, whether it comes from the web or a file. */
export const maxSubscriptionBytes = 32 * 1024 * 1024;
const defaultTimeoutMs = 20_000;
/** Servers answer in the form they think the client wants; nobody has one for us. */
const defaultUserAgent = 'tsray v2rayN';

/**
 * Rejects with ERR_SUBSCRIPTION or ERR_ABORTED. Messages name the host only: what follows it in the URL of a
 * subscription is a password. A user and password before the host are sent as basic authentication.
 */
export async function fetchText(address: string, options: FetchOptions = {}): Promise<FetchedText> {
  const place = URL.canParse(address) ? placeOf(new URL(address)) : undefined;
  if (place === undefined) {
    throw new TsrayError('ERR_SUBSCRIPTION', 'expected an http: or https: URL, found something else');
  }
  const { signal, timeoutMs = defaultTimeoutMs, userAgent = defaultUserAgent } = options;
  const late = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? late : AbortSignal.any([late, signal]);
  let host = place.url.host;
  try {
    return await follow(place, userAgent, stop, (next) => {
      host = next;
    });
  } catch (error) {
    if (error instanceof TsrayError) throw error;
    if (signal?.aborted === true) {
      throw new TsrayError('ERR_ABORTED', 'reading the subscription was given up', { cause: signal.reason });
    }
    const reason = late.aborted ? `no answer in ${timeoutMs / 1000} s` : reasonOf(causeOf(error));
    throw new TsrayError('ERR_SUBSCRIPTION', `${host} cannot be read: ${reason}`, { cause: error });
  }
}

/** Where to ask, with what was before the host. */
interface Place {
  /** Without user and password. */
  readonly url: URL;
  /** Of the header; secret. */
  readonly authorization?: string;
}

/** Undefined for what is not on the web. */
function placeOf(given: URL): Place | undefined {
  if (!/^https?:$/.test(given.protocol)) return undefined;
  const url = new URL(given);
  url.username = '';
  url.password = '';
  if (given.username === '' && given.password === '') return { url };
  const user = `${percentDecode(given.username)}:${percentDecode(given.password)}`;
  return { url, authorization: `Basic ${Buffer.from(user).toString('base64')}` };
}

const mostRedirects = 5;

/** One GET, and those it is sent on to. `onHost` hears where it goes. */
async function follow(
  first: Place,
  userAgent: string,
  signal: AbortSignal,
  onHost: (host: string) => void,
): Promise<FetchedText> {
  let place = first;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const { authorization, url } = place;
    onHost(url.host);
    const response = await fetch(url, {
      signal,
      redirect: 'manual',
      headers: {
        'user-agent': userAgent,
        accept: '*/*',
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
    if (response.ok) return { text: await readBody(response, url.host), headers: response.headers };
    await response.body?.cancel();
    const location = /^30[12378]$/.test(String(response.status)) ? response.headers.get('location') : null;
    if (location === null) throw refusal(url.host, response, authorization !== undefined);
    const next = URL.canParse(location, url.href) ? placeOf(new URL(location, url)) : undefined;
    if (next === undefined) {
      throw new TsrayError('ERR_SUBSCRIPTION', `${url.host} sends on to what is not on the web`);
    }
    // The password is for the host it was given for.
    const keeps = next.authorization === undefined && next.url.origin === url.origin;
    place = keeps ? { ...next, ...(authorization === undefined ? {} : { authorization }) } : next;
  }
  throw new TsrayError('ERR_SUBSCRIPTION', `${place.url.host} sends on more than ${mostRedirects} times`);
}

function refusal(host: string, { status, statusText }: Response, hadPassword: boolean): TsrayError {
  const message = `${host} answered ${status} ${statusText}`.trim();
  if (status !== 401) return new TsrayError('ERR_SUBSCRIPTION', message);
  const hint = hadPassword
    ? 'It does not take this user and password.'
    : 'It asks for a user and password: https://user:password@host/...';
  return new TsrayError('ERR_SUBSCRIPTION', message, { hint });
}

async function readBody(response: Response, host: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const body = response.body as unknown as AsyncIterable<Uint8Array> | null;
  // Counted after decompression.
  for await (const part of body ?? []) {
    length += part.length;
    if (length > maxSubscriptionBytes) {
      const limit = maxSubscriptionBytes / 1024 / 1024;
      throw new TsrayError('ERR_SUBSCRIPTION', `${host} sends more than ${limit} MiB`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** fetch says "fetch failed" and keeps the reason inside. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refused the connection',
  ECONNRESET: 'it reset the connection',
  ENOTFOUND: 'the name could not be resolved',
  EAI_AGAIN: 'the name could not be resolved',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on that port; is it http:?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signs its certificate itself',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  UND_ERR_SOCKET: 'it closed the connection without an answer',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // OpenSSL's messages end with a line break.
  return reasons[code] ?? describeError(error).trim();
}
