/** One configuration text and the way from an offset in it to line and column. */
export class Source {
  readonly fileName: string;
  readonly text: string;
  /** Position among several files. */
  readonly order: number;
  #lineStarts: number[] | undefined;

  constructor(fileName: string, text: string, order = 0) {
    this.fileName = fileName;
    this.text = text;
    this.order = order;
  }

  /** Line and column of an offset, both from 1. */
  locate(offset: number): { readonly line: number; readonly column: number } {
    this.#lineStarts ??= lineStarts(this.text);
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#lineStarts[low]! + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}
