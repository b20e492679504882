/** Tables of text. */
import { cutTo, widthOf } from './width.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut to make the table fit; the widest of these first. */
  readonly flexible?: boolean;
}

const gap = '  ';

/** Lines of a table with a head, as narrow as its contents and no wider than `width` if columns may be cut. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  shrink(columns, widths, width - gap.length * (columns.length - 1));
  return [columns.map(({ title }) => title), ...rows].map((row) =>
    columns
      .map(({ align }, index) => {
        const text = cutTo(row[index] ?? '', widths[index] ?? 0);
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
        return align === 'right' ? `${padding}${text}` : `${text}${padding}`;
      })
      .join(gap)
      .trimEnd(),
  );
}

const narrowest = 8;

function shrink(columns: readonly Column[], widths: number[], room: number): void {
  const sum = (): number => widths.reduce((total, each) => total + each, 0);
  while (sum() > room) {
    let widest = -1;
    for (const [index, { flexible }] of columns.entries()) {
      if (flexible === true && (widths[index] ?? 0) > Math.max(narrowest, widths[widest] ?? 0))
        widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
