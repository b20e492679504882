/** Protobuf messages of users and proxies, as V2Ray and Xray send them; field numbers by their observed behaviour. */
import type { MessageType } from './message.js';
import { typedMessage } from './typed.js';

export const userMessage: MessageType = {
  level: { number: 1, type: 'number' },
  email: { number: 2, type: 'string' },
  account: { number: 3, type: typedMessage },
};

export const vmessAccount: MessageType = {
  id: { number: 1, type: 'string' },
  alterId: { number: 2, type: 'number' },
  security: { number: 3, type: { type: { number: 1, type: 'number' } } },
  experiments: { number: 4, type: 'string' },
};

export const addUserOperation: MessageType = { user: { number: 1, type: userMessage } };
export const removeUserOperation: MessageType = { email: { number: 1, type: 'string' } };
