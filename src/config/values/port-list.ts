/** V2Ray's PortList: single ports and spans, such as `53,443,1000-2000`. */
import type { PortSpan } from '../../app/router/settings.js';

/** Undefined if the text is no such list. Spans that hold no port (`0`, `100-50`) are left out, as V2Ray does. */
export function parsePortList(given: string): readonly PortSpan[] | undefined {
  const spans: PortSpan[] = [];
  for (const item of given.split(',')) {
    const parts = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(item);
    if (parts === null) {
      if (item.trim() === '') continue;
      return undefined;
    }
    const from = Number(parts[1]);
    const to = parts[2] === undefined ? from : Number(parts[2]);
    if (from > 65535 || to > 65535) return undefined;
    if (from <= to && to > 0) spans.push({ from, to });
  }
  return spans;
}
