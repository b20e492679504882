/** An entry of V2Ray's `outbounds` as an object → settings. */
import { Checker } from '../check/checker.js';
import { ProblemList } from '../problem.js';
import { readOutbound } from '../schema/outbounds.js';
import type { OutboundSettings } from '../settings.js';
import type { ConfigNode } from '../tree/node.js';
import { parseText } from '../tree/parse.js';
import { linkFault } from './fault.js';

export interface ReadOutbound {
  readonly settings: OutboundSettings;
  /** What it asks for and is not done, without a full stop. */
  readonly warnings: readonly string[];
}

/** Throws ERR_LINK for one that is not valid. Whether the outbound it goes through exists is not looked at. */
export function settingsOfOutbound(outbound: object): OutboundSettings {
  const problems = new ProblemList();
  return read(parseText(JSON.stringify(outbound), 'outbound', 0, problems), problems).settings;
}

/** The same for one that is part of a tree. */
export function readOutboundNode(node: ConfigNode): ReadOutbound {
  return read(node, new ProblemList());
}

function read(node: ConfigNode | undefined, problems: ProblemList): ReadOutbound {
  const checker = new Checker(problems, { strict: false, ignoreUnsupported: false, environment: {} });
  const settings =
    node === undefined
      ? undefined
      : readOutbound(checker, { path: [], node, missing: false }, new Map()).settings;
  const [problem] = problems.sorted('error');
  if (problem !== undefined || settings === undefined) {
    const where = problem === undefined || problem.path === '' ? '' : `${problem.path}: `;
    throw linkFault(`no valid outbound: ${where}${problem?.message ?? 'found no object'}`, problem?.hint);
  }
  return { settings, warnings: problems.sorted('warning').map(({ message, path }) => `${path}: ${message}`) };
}
