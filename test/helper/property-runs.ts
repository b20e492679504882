/** How often a property is tried: `count` times in `npm test`; TSRAY_RUNS=20 makes it twenty times as many. */
const factor = Number(process.env['TSRAY_RUNS'] ?? 1);

export function runs(count: number): { readonly numRuns: number } {
  return { numRuns: Math.ceil(count * factor) };
}
