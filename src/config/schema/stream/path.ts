/** The path of an HTTP transport, and Xray's `?ed=` in it. */

/** A missing slash in front is added, as V2Ray does. */
export function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Path without the `ed` parameter of its query, and that parameter's number (0 if there is none). */
export function splitEarlyData(path: string): { readonly path: string; readonly earlyData: number } {
  const at = path.indexOf('?');
  if (at < 0) return { path: rooted(path), earlyData: 0 };
  let earlyData = 0;
  const rest = path
    .slice(at + 1)
    .split('&')
    .filter((part) => {
      const match = /^ed=(\d{1,9})$/.exec(part);
      if (match === null) return true;
      earlyData = Number(match[1]);
      return false;
    });
  const query = rest.length === 0 ? '' : `?${rest.join('&')}`;
  return { path: rooted(`${path.slice(0, at)}${query}`), earlyData };
}

/** `Host` out of the headers, whatever its case. */
export function takeHost(headers: Readonly<Record<string, string>>): {
  readonly host: string | undefined;
  readonly others: Readonly<Record<string, string>>;
} {
  let host: string | undefined;
  const others: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() !== 'host') others[name] = value;
    else if (value !== '') host = value;
  }
  return { host, others };
}
