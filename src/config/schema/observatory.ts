/** `observatory` and `burstObservatory` */
import * as v from 'valibot';
import type {
  AnyObservatorySettings,
  BurstObservatorySettings,
  ObservatorySettings,
} from '../../app/observatory/settings.js';
import type { Checker } from '../check/checker.js';
import { inside, type Place } from '../check/place.js';
import { section } from './section.js';
import { checkedText, flag, text, whole, words } from './types.js';

/** Empty: the default. */
const httpUrl = checkedText('an http:// or https:// URL', (given) => {
  if (given === '') return true;
  return URL.canParse(given) && ['http:', 'https:'].includes(new URL(given).protocol);
});

const durationExpected = 'a duration such as "10s" or "1m30s"';

/** Go's durations: `10s`, `1m30s`, `500ms`; a bare number is nanoseconds in Go. */
const duration = v.union(
  [
    whole(0, Number.MAX_SAFE_INTEGER, durationExpected),
    checkedText(durationExpected, (given) => durationMs(given) !== undefined),
  ],
  durationExpected,
);

const selector = v.optional(v.array(text, 'a list of beginnings of outbound tags'), []);

/** V2Ray's. */
const defaultProbeUrl = 'https://api.v2fly.org/checkConnection.svgz';
const defaultBurstUrl = 'https://connectivitycheck.gstatic.com/generate_204';

export const observatorySchema = v.object(
  {
    subjectSelector: selector,
    probeURL: v.optional(httpUrl, ''),
    probeInterval: v.optional(duration, '10s'),
    enableConcurrency: v.optional(flag, false),
  },
  'an object',
);

export const observatory = section(
  observatorySchema,
  (value): ObservatorySettings => ({
    kind: 'steady',
    selector: value.subjectSelector,
    probeUrl: value.probeURL === '' ? defaultProbeUrl : value.probeURL,
    intervalMs: atLeast(100, intervalOf(value.probeInterval, 10_000)),
    concurrent: value.enableConcurrency,
  }),
);

export const burstObservatorySchema = v.object(
  {
    subjectSelector: selector,
    pingConfig: v.optional(
      v.object(
        {
          destination: v.optional(httpUrl, ''),
          connectivity: v.optional(httpUrl, ''),
          interval: v.optional(duration, '1m'),
          sampling: v.optional(whole(0, 1000, 'a number of probes from 1 to 1000'), 10),
          timeout: v.optional(duration, '5s'),
          httpMethod: v.optional(words(['HEAD', 'GET']), 'HEAD'),
        },
        'an object',
      ),
      {},
    ),
  },
  'an object',
);

export const burstObservatory = section(
  burstObservatorySchema,
  ({ pingConfig, subjectSelector }, place, checker): BurstObservatorySettings => {
    const { connectivity, destination, httpMethod, interval, sampling, timeout } = pingConfig;
    const intervalMs = intervalOf(interval, 60_000);
    if (intervalMs < 1000) {
      const at = inside(place, 'pingConfig', 'interval');
      checker.warn(at, 'ERR_CONFIG_VALUE', 'shorter than a second; one second is used');
    }
    return {
      kind: 'burst',
      selector: subjectSelector,
      probeUrl: destination === '' ? defaultBurstUrl : destination,
      method: httpMethod,
      connectivityUrl: connectivity === '' ? undefined : connectivity,
      intervalMs: atLeast(1000, intervalMs),
      sampling: sampling === 0 ? 10 : sampling,
      timeoutMs: atLeast(100, intervalOf(timeout, 5_000)),
    };
  },
);

/** One of the two sections; a balancer has one source. */
export function readObservatory(checker: Checker, root: Place): AnyObservatorySettings | undefined {
  const steadyPlace = inside(root, 'observatory');
  const burstPlace = inside(root, 'burstObservatory');
  const steady = steadyPlace.missing ? undefined : observatory.read(checker, steadyPlace);
  const burst = burstPlace.missing ? undefined : burstObservatory.read(checker, burstPlace);
  if (steady !== undefined && burst !== undefined) {
    const message = 'balancers ask "burstObservatory", so that what "observatory" finds is of no use';
    checker.warn(steadyPlace, 'ERR_CONFIG_CONFLICT', message, 'Remove one of the two.');
  }
  return burst ?? steady;
}

function atLeast(least: number, value: number): number {
  return Math.max(least, value);
}

/** 0, and an empty text, stand for the default. */
function intervalOf(value: string | number, defaultMs: number): number {
  const ms = typeof value === 'number' ? value / 1e6 : (durationMs(value) ?? 0);
  return ms === 0 ? defaultMs : ms;
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Undefined for a text that is no duration. */
export function durationMs(given: string): number | undefined {
  if (given === '' || given === '0') return 0;
  let rest = given;
  let sum = 0;
  while (rest !== '') {
    const part = /^(\d{1,15}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (part === null) return undefined;
    sum += Number(part[1]) * unitsMs[part[2]!]!;
    rest = rest.slice(part[0].length);
  }
  return sum;
}
