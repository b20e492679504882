/** What only tsray has: a user's connections are ended while the user stays. */
import type { HandlerOperations } from './handler-service.js';
import { encodeMessage, type MessageType } from './message.js';
import { CallError, type ServiceMethods, statusCodes } from './service.js';

const named: MessageType = { email: { number: 1, type: 'string' } };
const ended: MessageType = { connections: { number: 1, type: 'number' } };

export function controlMethods(operations: HandlerOperations): ServiceMethods {
  return {
    /** Answers how many connections there were. */
    CutUser: {
      request: named,
      answer({ email }) {
        if (email === '') throw new CallError(statusCodes.invalidArgument, 'the call has no email');
        return [encodeMessage(ended, { connections: operations.cutUser(email as string) })];
      },
    },
  };
}
