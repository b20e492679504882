/** LoggerService: log files are opened anew, after rotation. */
import type { ServiceMethods } from './service.js';

export interface LogSource {
  reopen(): Promise<void>;
}

export function loggerMethods(log: LogSource): ServiceMethods {
  return {
    RestartLogger: {
      request: {},
      async answer() {
        await log.reopen();
        return [];
      },
    },
  };
}
