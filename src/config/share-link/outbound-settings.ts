/** An entry of V2Ray's `outbounds` as an object → settings. */
import { Checker } from '../check/checker.js';
import { ProblemList } from '../problem.js';
import { readOutbound } from '../schema/outbounds.js';
import type { OutboundSettings } from '../settings.js';
import { parseText } from '../tree/parse.js';
import { linkFault } from './fault.js';

/** Throws ERR_LINK for one that is not valid. Whether the outbound it goes through exists is not looked at. */
export function settingsOfOutbound(outbound: object): OutboundSettings {
  const problems = new ProblemList();
  const checker = new Checker(problems, { strict: false, ignoreUnsupported: false, environment: {} });
  const node = parseText(JSON.stringify(outbound), 'outbound', 0, problems);
  const settings =
    node === undefined
      ? undefined
      : readOutbound(checker, { path: [], node, missing: false }, new Map()).settings;
  const [problem] = problems.sorted('error');
  if (problem !== undefined || settings === undefined) {
    const where = problem === undefined || problem.path === '' ? '' : `${problem.path}: `;
    throw linkFault(`no valid outbound: ${where}${problem?.message ?? 'found no object'}`, problem?.hint);
  }
  return settings;
}
