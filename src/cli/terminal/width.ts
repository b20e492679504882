/** Text in columns of a terminal. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const invisible = /^[\p{Control}\p{Mark}\p{Format}\u200b]+$/u;
/** East Asian wide and full-width characters, and what is drawn as emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

/** Columns a character takes. */
function widthOfGrapheme(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** A name somebody else chose, without characters that would move the cursor or change colours. */
export function printable(text: string): string {
  return text.replace(/[\p{Control}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** At most `width` columns; what is too long ends with `…`. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const columns = widthOfGrapheme(segment);
    if (used + columns > width - 1) break;
    result += segment;
    used += columns;
  }
  return `${result}…`;
}

/** Lines of at most `width` columns, each after `indent`; broken at spaces where possible. */
export function wrap(text: string, width: number, indent = ''): string {
  const room = Math.max(10, width - widthOf(indent));
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > room) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  lines.push(line);
  return lines.map((each) => `${indent}${each}`).join('\n');
}
