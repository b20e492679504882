/** `Subscription-Userinfo`: what has been used of a subscription, in a header of its answer. */

/** How much of a subscription has been used. */
export interface SubscriptionUserInfo {
  /** Bytes. */
  readonly upload?: number;
  readonly download?: number;
  /** How many bytes the subscription allows; 0 and undefined: no limit is known. */
  readonly total?: number;
  /** Milliseconds since 1970; undefined: no end is known. */
  readonly expiresMs?: number;
}

/** Reads `upload=1; download=2; total=3; expire=1700000000`. What cannot be read is left out. */
export function parseUserInfo(header: string): SubscriptionUserInfo {
  const values = new Map<string, number>();
  for (const part of header.split(/[;,&]/)) {
    const [, name = '', digits = ''] = /^\s*([a-z]+)\s*=\s*(\d{1,20}(?:\.\d+)?)\s*$/i.exec(part) ?? [];
    if (name !== '') values.set(name.toLowerCase(), Math.floor(Number(digits)));
  }
  const expire = values.get('expire') ?? 0;
  return {
    ...taken('upload', values),
    ...taken('download', values),
    ...taken('total', values),
    // Seconds; no date of ours has 12 digits in seconds.
    ...(expire === 0 ? {} : { expiresMs: expire >= 1e11 ? expire : expire * 1000 }),
  };
}

function taken<const TName extends string>(
  name: TName,
  values: ReadonlyMap<string, number>,
): { readonly [N in TName]?: number } {
  const value = values.get(name);
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in TName]?: number };
}

/** `used 6.2 of 100 GiB, until 2027-01-31`; empty if the header said nothing of use. */
export function describeUserInfo({ download, expiresMs, total, upload }: SubscriptionUserInfo): string {
  const parts: string[] = [];
  if (download !== undefined || upload !== undefined) {
    const used = formatBytes((download ?? 0) + (upload ?? 0));
    parts.push(total === undefined || total === 0 ? `used ${used}` : `used ${used} of ${formatBytes(total)}`);
  } else if (total !== undefined && total > 0) {
    parts.push(`${formatBytes(total)} in all`);
  }
  const end = expiresMs === undefined ? undefined : new Date(expiresMs);
  if (end !== undefined && !Number.isNaN(end.getTime()))
    parts.push(`until ${end.toISOString().slice(0, 10)}`);
  return parts.join(', ');
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1.5 GiB` */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
