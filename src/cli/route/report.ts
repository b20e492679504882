/** Answers of `tsray route` for people and for programs. */
import type { RuleCount } from '../../app/router/router.js';
import type { Paint } from '../terminal/style.js';
import type { Explanation, ExplanationStep } from './explanation.js';

export function answerLine({ balancer, outbound, rule, target }: Explanation, paint: Paint): string {
  const by = rule === undefined ? 'no rule' : balancer === undefined ? rule : `${rule}, balancer ${balancer}`;
  return `${target} → ${paint('bold', outbound === '' ? '(outbound without a tag)' : outbound)} (${by})`;
}

/** The answer and, below it, what each rule said. */
export function explanationLines(explanation: Explanation, paint: Paint): string[] {
  const { note, steps } = explanation;
  const width = Math.max(0, ...steps.map((step) => (step.kind === 'rule' ? step.rule.length : 0)));
  return [
    answerLine(explanation, paint),
    ...(note === undefined ? [] : [`  ${note}`]),
    ...steps.map((step) => `  ${stepLine(step, width)}`),
  ];
}

function stepLine(step: ExplanationStep, width: number): string {
  if (step.kind === 'rule')
    return `${step.rule.padEnd(width)}  ${step.matches ? 'yes' : 'no '}  ${step.because}`;
  const answer = step.error ?? step.addresses.join(', ');
  return `looked up ${step.name}: ${answer}`;
}

/** Tabs between, for tools that work by lines. */
export function tabLine({ outbound, rule, target }: Explanation): string {
  return [target, outbound, rule ?? ''].join('\t');
}

export function explanationJson({ balancer, note, outbound, rule, steps, target }: Explanation): object {
  return {
    target,
    outbound,
    rule: rule ?? null,
    balancer: balancer ?? null,
    note: note ?? null,
    lookups: steps.flatMap((step) =>
      step.kind === 'lookup'
        ? [{ name: step.name, addresses: step.addresses, error: step.error ?? null }]
        : [],
    ),
    rules: steps.flatMap((step) =>
      step.kind === 'rule' ? [{ rule: step.rule, matches: step.matches, because: step.because }] : [],
    ),
  };
}

/** How often each rule decided; those that never did are named. */
export function countLines(counts: readonly RuleCount[], byDefault: number): string[] {
  const width = Math.max('no rule'.length, ...counts.map(({ rule }) => rule.length));
  const line = (name: string, matches: number): string =>
    `${name.padEnd(width)}  ${matches === 0 ? 'never' : matches}`;
  return [...counts.map(({ matches, rule }) => line(rule, matches)), line('no rule', byDefault)];
}
