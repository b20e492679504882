/** What the API of an instance tells and changes. */
import type { ApiSource } from '../app/api/api.js';
import type { LogSource } from '../app/api/logger-service.js';
import type { StatsSource } from '../app/api/stats-service.js';
import type { RuleRouter } from '../app/router/router.js';
import type { Observations } from '../contract/observations.js';
import { handlerOperations, type Operated } from './handler-operations.js';

interface Core extends Operated {
  readonly router: RuleRouter;
  readonly observatory: Observations | undefined;
  readonly options: { readonly log: LogSource };
}

/** What changes with a reload is asked for with each call. */
export function apiSource(core: Core, stats: StatsSource | undefined): ApiSource {
  return {
    stats,
    handlers: handlerOperations(core),
    routing: {
      get router() {
        return core.router;
      },
    },
    observatory: {
      get observatory() {
        return core.observatory;
      },
      outboundTags: () => core.outbounds.list.map(({ tag }) => tag),
    },
    log: core.options.log,
  };
}
