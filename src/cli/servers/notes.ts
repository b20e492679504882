/** What is told of links and subscriptions beside a command's output, on standard error. */
import { formatSentence } from '../terminal/sentence.js';
import type { Candidates } from './candidates.js';
import { profileReport, uselessReport, warningsReport } from './report.js';

export function printNotes({ profile = {}, servers, useless }: Candidates): void {
  const about = profileReport(profile);
  if (about !== '') console.error(`tsray: subscription: ${about}`);
  for (const line of uselessReport(useless)) console.error(formatSentence('note', line));
  for (const line of warningsReport(servers)) console.error(formatSentence('warning', line));
}
