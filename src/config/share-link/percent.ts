/** Percent-encoding. */

/** As `decodeURIComponent`, but what cannot be decoded stays as it is. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run;
      }
    });
  }
}

/** `a=b&c=d`: calls `take` for each name with its decoded value. A name without `=` has an empty one. */
export function forEachPair(query: string, take: (name: string, value: string) => void): void {
  for (let from = 0; from < query.length; ) {
    const mark = query.indexOf('&', from);
    const end = mark < 0 ? query.length : mark;
    if (end > from) {
      const pair = query.slice(from, end);
      const equals = pair.indexOf('=');
      if (equals < 0) take(percentDecode(pair), '');
      else take(percentDecode(pair.slice(0, equals)), percentDecode(pair.slice(equals + 1)));
    }
    from = end + 1;
  }
}
