/** Notes and warnings beside a command's output. */

/** `tsray: warning: fp="chrome" cannot be had …` */
export function formatSentence(kind: 'warning' | 'note', sentence: string): string {
  return `tsray: ${kind}: ${sentence}`;
}
