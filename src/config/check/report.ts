/** What the walk over a configuration tells of what it finds; `Checker` implements it. */
import type { ErrorCode } from '../../core/errors.js';
import type { Environment } from '../environment.js';
import type { ProblemList } from '../problem.js';
import type { Span } from '../tree/node.js';
import type { Place } from './place.js';

export interface CheckOptions {
  /** Unknown keys are errors. */
  readonly strict: boolean;
  /** Features that tsray lacks are warnings, and left out; `open`: rules that block something too. */
  readonly ignoreUnsupported: boolean | 'open';
  /** For ports given as `env:NAME`. */
  readonly environment: Environment;
}

export interface Report {
  readonly problems: ProblemList;
  readonly options: CheckOptions;
  error(place: Place, code: ErrorCode, message: string, hint?: string): void;
  /** `expected …, found …` about the value at `place`. */
  wrongValue(place: Place, expected: string, hint?: string): void;
  /** Something V2Ray has and tsray has not. */
  unsupported(place: Place, message: string, essential: boolean): void;
  /** The same of something that changes nothing about where traffic goes. */
  withoutComfort(place: Place, message: string): void;
  unknownKey(span: Span, place: Place, message: string, hint: string | undefined): void;
}
