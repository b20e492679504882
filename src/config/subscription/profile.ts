/** What the headers of a subscription's answer say of it. */
import { decodeLooseBase64Text } from '../share-link/base64.js';
import { parseUserInfo, type SubscriptionUserInfo } from './user-info.js';

/** What a subscription says of itself, as far as it does. */
export interface SubscriptionProfile {
  /** `profile-title`, else the file name it is to be saved under. */
  readonly title?: string;
  /** `profile-update-interval`, in hours: how often it is to be read again. */
  readonly updateHours?: number;
  /** `profile-web-page-url`: where its owner manages it; `http:` or `https:`. */
  readonly webPage?: string;
  /** `support-url`; `http:` or `https:`. */
  readonly supportPage?: string;
  /** `subscription-userinfo`: what has been used of it. */
  readonly usage?: SubscriptionUserInfo;
}

/** What has a `get` as the Headers of fetch. */
export interface HeaderSource {
  get(name: string): string | null;
}

const longestTitle = 200;

/** Reads the headers; what cannot be understood is left out. */
export function readProfile(headers: HeaderSource): SubscriptionProfile {
  const title = titleIn(headers);
  const hours = Number(headers.get('profile-update-interval') ?? '');
  const webPage = pageIn(headers.get('profile-web-page-url'));
  const supportPage = pageIn(headers.get('support-url'));
  const info = headers.get('subscription-userinfo');
  const usage = info === null ? {} : parseUserInfo(info);
  return {
    ...(title === '' ? {} : { title }),
    ...(hours > 0 && Number.isFinite(hours) ? { updateHours: hours } : {}),
    ...(webPage === undefined ? {} : { webPage }),
    ...(supportPage === undefined ? {} : { supportPage }),
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
  };
}

function titleIn(headers: HeaderSource): string {
  const given = headers.get('profile-title')?.trim() ?? '';
  if (given !== '') {
    const [, encoded] = /^base64:(.*)$/is.exec(given) ?? [];
    const title = encoded === undefined ? utf8(given) : (decodeLooseBase64Text(encoded) ?? '');
    return title.trim().slice(0, longestTitle);
  }
  const disposition = headers.get('content-disposition') ?? '';
  const [, extended] = /filename\*\s*=\s*utf-8''([^;]*)/i.exec(disposition) ?? [];
  const [, quoted, bare] = /filename\s*=\s*(?:"([^"]*)"|([^;]*))/i.exec(disposition) ?? [];
  const name = extended === undefined ? utf8((quoted ?? bare ?? '').trim()) : percentDecoded(extended.trim());
  return name.slice(0, longestTitle);
}

/** Headers come as Latin-1; what is well-formed UTF-8 was meant as such. */
function utf8(text: string): string {
  if (/[^\0-\u00ff]/.test(text)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pageIn(given: string | null): string | undefined {
  if (given === null || !URL.canParse(given)) return undefined;
  const url = new URL(given);
  return /^https?:$/.test(url.protocol) ? url.href : undefined;
}
