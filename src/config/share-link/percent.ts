/** Percent-encoding. */

/** As `decodeURIComponent`, but what cannot be decoded stays as it is. */
export function percentDecode(text: string): string {
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

/** `a=b&c=d`: each name with its decoded value. A name without `=` has an empty one. */
export function* queryPairs(query: string): Generator<readonly [name: string, value: string]> {
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = percentDecode(equals < 0 ? pair : pair.slice(0, equals));
    yield [name, equals < 0 ? '' : percentDecode(pair.slice(equals + 1))];
  }
}
