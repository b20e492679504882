/** What copying from web pages, chats, mails and templates does to a link, undone. Pure text. */

/** Zero-width characters, marks of direction, soft hyphens: nobody sees them, no part of a link is meant to have them. */
const invisible = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;

export function withoutInvisible(text: string): string {
  return text.replace(invisible, '');
}

/** `：443` → `:443` */
export function halfWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0))
    .replaceAll('\u3000', ' ')
    .replaceAll('\u3002', '.');
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  nbsp: ' ',
  equals: '=',
  colon: ':',
  sol: '/',
  quest: '?',
  commat: '@',
};
const entity = /&(?:(amp|quot|apos|lt|gt|nbsp|equals|colon|sol|quest|commat)|#(\d{1,6})|#x([\da-f]{1,5}));/gi;

/** `&amp;` → `&`, as often as it was encoded. */
export function withoutEntities(text: string): string {
  let decoded = text;
  for (let round = 0; round < 3 && decoded.includes('&'); round += 1) {
    const before = decoded;
    decoded = decoded.replace(entity, (_, name: string | undefined, decimal?: string, hex?: string) =>
      name === undefined
        ? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))
        : (entities[name.toLowerCase()] ?? ''),
    );
    if (decoded === before) break;
  }
  return decoded;
}

/** `\u0026` and `\/` of texts that were copied out of JSON or scripts. */
function withoutEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replace(/\\u00([2-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\x([2-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\[rn]/g, '')
    .replaceAll('\\/', '/');
}

const quotes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '`': '`',
  '“': '”',
  '‘': '’',
  '«': '»',
  '「': '」',
  '<': '>',
  '(': ')',
  '[': ']',
  '（': '）',
  '【': '】',
};

/** A text as programs write links, in which there is nothing to mend. */
function isPlain(text: string): boolean {
  return /^[!-~]*$/.test(text) && !text.includes(';') && !text.includes('\\');
}

/** The link alone, of a text that has little else: quotes around it, a bullet before it, a comma behind it. */
export function withoutWrapping(given: string): string {
  if (/^\w/.test(given) && /[\w=/-]$/.test(given) && isPlain(given)) return given;
  let text = withoutInvisible(given).trim();
  text = text.replace(/^(?:[-*•]|\d{1,6}[.)])[ \t]+(?=\S)/, '');
  // [text](link)
  text = text.replace(/^\[[^\]]{0,200}\]\((?=[a-z])/i, '(');
  for (let round = 0; round < 4; round += 1) {
    text = text.replace(/[,;，；、]$/, '').trim();
    const closing = quotes[text[0] ?? ''];
    if (closing === undefined) break;
    text = (text.endsWith(closing) && text.length > 1 ? text.slice(1, -1) : text.slice(1)).trim();
  }
  // Of quotes, the one at the end may have been copied alone.
  return text.replace(/["“”`」»]$/, '');
}

const tags = /<\/?(?:br|p|div|span|pre|code|ul|ol|li|td|tr|th|b|i|em|strong|font|a)\b[^<>]{0,200}>/gi;
/** Where another link begins in the middle of a text. In a link's base64 and names nobody has such marks. */
const nextLink = /(?:(?<=[\s|,;])(?=(?:vless|trojan|ssr?|hysteria2?|hy2|tuic):\/\/)|(?=vmess:\/\/))/i;

/** The links of a text without ends of lines between them, or with tags of a web page. */
export function splitLinks(text: string): readonly string[] {
  const bare = text.includes('<') && text.includes('://') ? text.replace(tags, ' ').trim() : text;
  if (bare.indexOf('://') === bare.lastIndexOf('://')) return bare === '' ? [] : [bare];
  const parts = bare.split(nextLink).map((part) => part.replace(/[|,;]$/, '').trim());
  return parts.filter((part) => !/^(?:vmess:\/\/)?$/i.test(part));
}

/**
 * A link in the form it was written in: its name, behind the `#`, keeps what it has, since a name may have anything. Line
 * breaks go as mail programs put them in.
 */
export function mendLink(given: string): string {
  if (isPlain(given)) return given;
  const text = joinLines(withoutEntities(withoutEscapes(given)));
  const hash = text.indexOf('#');
  const [body, name] = hash < 0 ? [text, ''] : [text.slice(0, hash), text.slice(hash)];
  const query = body.search(/[?？]/);
  const [server, parameters] = query < 0 ? [body, ''] : [body.slice(0, query), body.slice(query + 1)];
  return `${halfWidth(withoutInvisible(server))}${query < 0 ? '' : `?${mendQuery(parameters)}`}${name}`;
}

function joinLines(text: string): string {
  if (!/[\r\n]/.test(text)) return text;
  return text
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .join('');
}

/** Marks between parameters; in values such a character may be meant. */
function mendQuery(query: string): string {
  return withoutInvisible(query)
    .replace(/＆(?=[\w-]{1,40}[=＝])/g, '&')
    .replace(/(^|&)([\w-]{1,40})＝/g, '$1$2=');
}
