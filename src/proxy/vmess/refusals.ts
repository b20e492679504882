/** Errors of refused handshakes that several places give; for our own log only. */
import type { Novelty } from '../../contract/replay-store.js';
import { TsrayError } from '../../core/errors.js';
import type { VmessUser } from './user-table.js';

/** What a claim led to; `failed`: the store could not tell. */
export type ClaimOutcome = Novelty | 'failed';

const storeFailed = 'the store of what was seen gave no answer';

/** Why an AuthID is refused; undefined if it is new. */
export function authIdFault(outcome: ClaimOutcome): TsrayError | undefined {
  switch (outcome) {
    case 'seen':
      return new TsrayError('ERR_REPLAY', 'an AuthID was used again');
    case 'full':
      return new TsrayError('ERR_LIMIT', 'too many AuthIDs within the time window');
    case 'failed':
      return new TsrayError('ERR_INTERNAL', storeFailed);
    case 'fresh':
      return undefined;
  }
}

/** Why body keys are refused; undefined if they are new. */
export function sessionFault(user: VmessUser, outcome: ClaimOutcome): TsrayError | undefined {
  switch (outcome) {
    case 'seen':
      return new TsrayError('ERR_REPLAY', `${nameOf(user)} has used the same body keys before`);
    case 'full':
      return new TsrayError('ERR_LIMIT', 'too many sessions within 4 minutes');
    case 'failed':
      return new TsrayError('ERR_INTERNAL', storeFailed);
    case 'fresh':
      return undefined;
  }
}

/** For our own log. */
export function nameOf(user: VmessUser): string {
  return user.email === '' ? 'a user without email' : user.email;
}
