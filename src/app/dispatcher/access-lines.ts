/** What the dispatcher writes of a connection: V2Ray's access line when it is accepted, and one line at its end. */
import type { ConnContext } from '../../contract/conn-context.js';
import type { AccessLog } from '../../contract/logger.js';
import type { Clock } from '../../core/clock.js';
import { describeError, type ErrorCode, TsrayError, toTsrayError } from '../../core/errors.js';
import { formatDestination } from '../../core/net/destination.js';
import { RateLimit } from '../../core/rate-limit.js';
import type { RelayOutcome } from '../../core/stream/relay.js';

/** Ends of a connection that somebody should do something about; others belong to the network's daily life. */
const remarkable: ReadonlySet<ErrorCode> = new Set([
  'ERR_SERVER_SILENT',
  // Early data: the server refuses the transport after the outbound was opened.
  'ERR_UPSTREAM',
  'ERR_INTEGRITY',
  'ERR_INTERNAL',
]);

export class AccessLines {
  readonly #accessLog: AccessLog;
  readonly #remarks: RateLimit;

  constructor(accessLog: AccessLog, clock: Clock) {
    this.#accessLog = accessLog;
    this.#remarks = new RateLimit({ clock });
  }

  accepted(context: ConnContext, outboundTag: string): void {
    this.#accessLog.write({
      from: context.sourceText,
      status: 'accepted',
      to: context.targetText ?? formatDestination(context.destination),
      detour: outboundTag,
      ...(context.user === undefined ? {} : { email: context.user.email }),
    });
  }

  /** The error as it is told to the client. */
  openFailed(context: ConnContext, thrown: unknown): TsrayError {
    const error = toTsrayError(thrown, 'ERR_INTERNAL');
    const text = `${formatDestination(context.destination)} could not be opened: ${describeError(error)}`;
    // A client that did not wait is no fault of anybody's; what is too many is told once for all of them.
    if (error.code === 'ERR_ABORTED' || error.code === 'ERR_LIMIT') context.log.info(text);
    else context.log.warning(text);
    return error;
  }

  ended(context: ConnContext, outcome: RelayOutcome): void {
    const { log } = context;
    const error = withPolicy(outcome.error);
    if (error !== undefined && remarkable.has(error.code)) {
      const text = `${formatDestination(context.destination)}: ${describeError(error)}`;
      this.#remarks.warn((message) => log.warning(message), text);
    } else if (log.enabled('info')) {
      const cause = error === undefined ? '' : `: ${describeError(error)}`;
      log.info(
        `${formatDestination(context.destination)} ended, ${outcome.uplinkBytes} bytes up, ${outcome.downlinkBytes} bytes down${cause}`,
      );
    }
  }
}

/** The relay knows a time only; which setting it comes from is known here. */
function withPolicy(error: TsrayError | undefined): TsrayError | undefined {
  if (error?.code !== 'ERR_IDLE_TIMEOUT' || error.hint !== undefined) return error;
  return new TsrayError(error.code, error.message, {
    hint: '"connIdle" of the user\'s policy level sets this time',
  });
}
