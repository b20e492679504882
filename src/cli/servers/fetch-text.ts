/** Texts from the web: a subscription is one GET, bounded in time and size. */
import { describeError, TsrayError } from '../../core/errors.js';
import { packageVersion } from '../package-info.js';

export interface FetchedText {
  readonly text: string;
  readonly headers: Headers;
}

export interface FetchLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export const subscriptionLimits: FetchLimits = { timeoutMs: 20_000, maxBytes: 8 * 1024 * 1024 };

/**
 * Rejects with ERR_SUBSCRIPTION. Messages name the host only: what follows it in the URL of a subscription is a
 * password.
 */
export async function fetchText(
  address: string,
  limits: FetchLimits = subscriptionLimits,
): Promise<FetchedText> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) throw new TsrayError('ERR_SUBSCRIPTION', 'expected a URL, found something else');
  const signal = AbortSignal.timeout(limits.timeoutMs);
  try {
    const response = await fetch(url, {
      signal,
      // Servers answer in the form they think the client wants; nobody has one for us.
      headers: { 'user-agent': `tsray/${packageVersion()} v2rayN`, accept: '*/*' },
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new TsrayError(
        'ERR_SUBSCRIPTION',
        `${url.host} answered ${response.status} ${response.statusText}`.trim(),
      );
    }
    return { text: await readBody(response, url.host, limits.maxBytes), headers: response.headers };
  } catch (error) {
    if (error instanceof TsrayError) throw error;
    const reason = signal.aborted
      ? `no answer in ${limits.timeoutMs / 1000} s`
      : describeError(causeOf(error));
    throw new TsrayError('ERR_SUBSCRIPTION', `${url.host} cannot be read: ${reason}`, { cause: error });
  }
}

async function readBody(response: Response, host: string, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const body = response.body as unknown as AsyncIterable<Uint8Array> | null;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > maxBytes) {
      throw new TsrayError('ERR_SUBSCRIPTION', `${host} sends more than ${maxBytes / 1024 / 1024} MiB`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** fetch says "fetch failed" and keeps the reason inside. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
