import fc from 'fast-check';

/** Half of them ASCII; no halves of surrogate pairs. */
const codePoint = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x7f }) },
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10_ff_ff }),
);

/**
 * Texts of up to `maxLength` code points. fast-check's own strings of unit `binary` build a table of all 1.1 million
 * first, which takes longer than most tests.
 */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.array(codePoint, { maxLength }).map((points) => String.fromCodePoint(...points));
}
