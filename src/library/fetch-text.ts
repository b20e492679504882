/** Texts from the web: a subscription is one GET, bounded in time and size. */
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
export const maxSubscriptionBytes = 8 * 1024 * 1024;
const defaultTimeoutMs = 20_000;
/** Servers answer in the form they think the client wants; nobody has one for us. */
const defaultUserAgent = 'tsray v2rayN';

/**
 * Rejects with ERR_SUBSCRIPTION or ERR_ABORTED. Messages name the host only: what follows it in the URL of a
 * subscription is a password.
 */
export async function fetchText(address: string, options: FetchOptions = {}): Promise<FetchedText> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TsrayError('ERR_SUBSCRIPTION', 'expected an http: or https: URL, found something else');
  }
  const { signal, timeoutMs = defaultTimeoutMs, userAgent } = options;
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      headers: { 'user-agent': userAgent ?? defaultUserAgent, accept: '*/*' },
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new TsrayError(
        'ERR_SUBSCRIPTION',
        `${url.host} answered ${response.status} ${response.statusText}`.trim(),
      );
    }
    return { text: await readBody(response, url.host), headers: response.headers };
  } catch (error) {
    if (error instanceof TsrayError) throw error;
    if (signal?.aborted === true) {
      throw new TsrayError('ERR_ABORTED', 'reading the subscription was given up', { cause: signal.reason });
    }
    const reason = late.aborted ? `no answer in ${timeoutMs / 1000} s` : reasonOf(causeOf(error));
    throw new TsrayError('ERR_SUBSCRIPTION', `${url.host} cannot be read: ${reason}`, { cause: error });
  }
}

async function readBody(response: Response, host: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const body = response.body as unknown as AsyncIterable<Uint8Array> | null;
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
