/** A connection of DNS messages as a link: what is written to it are questions, what it delivers are replies. */
import { encodeStreamMessage, StreamMessages } from '../../core/dns/stream-messages.js';
import { toTsrayError } from '../../core/errors.js';
import type { Link } from '../../core/stream/link.js';
import { createPipe } from '../../core/stream/pipe.js';
import type { MessageHandler } from './message-handler.js';

export function answeredStream(handlerFor: (reply: (message: Uint8Array) => void) => MessageHandler): Link {
  const [client, server] = createPipe();
  const messages = new StreamMessages();
  const handler = handlerFor((message) => {
    // A client that does not read its replies asks no more questions either.
    if (!server.write(encodeStreamMessage(message))) server.pause();
  });
  server.start({
    data: (bytes) => {
      try {
        for (const message of messages.push(bytes)) handler.handle(message);
      } catch (error) {
        server.destroy(toTsrayError(error, 'ERR_PROTOCOL'));
      }
    },
    // Replies may still come; the client, or its idle time, ends the rest.
    end: () => undefined,
    drain: () => server.resume(),
    closed: () => handler.close(),
  });
  return client;
}
