/** A bar chart as SVG, readable on light and dark pages. */
export interface Bars {
  readonly label: string;
  readonly v2ray: number;
  readonly tsray: number;
}

const width = 760;
const labelWidth = 330;
const barHeight = 14;
const rowHeight = 44;

export function barChart(title: string, unit: string, rows: readonly Bars[]): string {
  const largest = Math.max(...rows.flatMap((row) => [row.v2ray, row.tsray]), Number.MIN_VALUE);
  const scale = (width - labelWidth - 90) / largest;
  const bar = (value: number, y: number, colour: string): string =>
    `<rect x="${labelWidth}" y="${y}" width="${(value * scale).toFixed(1)}" height="${barHeight}" fill="${colour}"/>` +
    `<text x="${(labelWidth + value * scale + 6).toFixed(1)}" y="${y + 11}">${value.toPrecision(3)}</text>`;
  const body = rows
    .map((row, index) => {
      const y = 56 + index * rowHeight;
      return (
        `<text x="${labelWidth - 10}" y="${y + 18}" text-anchor="end">${row.label}</text>` +
        bar(row.v2ray, y, '#8a94a6') +
        bar(row.tsray, y + barHeight + 2, '#2f7d5b')
      );
    })
    .join('\n');
  const height = 64 + rows.length * rowHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<g fill="#222222">
<text x="16" y="24" font-size="15" font-weight="bold">${title} (${unit}, less is better)</text>
<rect x="16" y="34" width="10" height="10" fill="#8a94a6"/><text x="30" y="43">V2Ray</text>
<rect x="86" y="34" width="10" height="10" fill="#2f7d5b"/><text x="100" y="43">tsray</text>
${body}
</g>
</svg>
`;
}
