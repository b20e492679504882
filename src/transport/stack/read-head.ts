/** Drives a push decoder over a Node socket, before a library takes the socket over. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import type { Handshake } from '../../core/stream/handshake.js';

export interface ReadHeadOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly peer: string;
}

/**
 * Reads until the decoder is done; what follows is put back into `socket`, which is then paused. Calls `done`
 * synchronously, so that nobody else sees the socket between. After a failure the socket is destroyed, then `failed` is called.
 */
export function readHead<T>(
  socket: Duplex,
  decoder: Handshake<T>,
  options: ReadHeadOptions,
  done: (value: T) => void,
  failed: (error: TsrayError) => void,
): void {
  const { clock, peer, timeoutMs } = options;
  const settle = (): void => {
    timer.cancel();
    socket.removeListener('data', data);
    socket.removeListener('end', ended);
    socket.removeListener('close', ended);
  };
  const fail = (error: TsrayError): void => {
    settle();
    socket.destroy();
    failed(error);
  };
  const data = (bytes: Uint8Array): void => {
    const step = decoder.push(bytes);
    if (step.reply !== undefined) socket.write(step.reply);
    if (step.kind === 'more') return;
    if (step.kind === 'failed') {
      fail(step.error);
      return;
    }
    settle();
    socket.pause();
    if (step.rest.length > 0) socket.unshift(step.rest);
    done(step.value);
  };
  const ended = (): void =>
    fail(new TsrayError('ERR_TRUNCATED', `${peer} ended the connection in its handshake`));
  const timer = clock.setTimer(timeoutMs, () =>
    fail(
      new TsrayError(
        'ERR_HANDSHAKE_TIMEOUT',
        `${peer} did not finish its handshake within ${timeoutMs / 1000} s`,
      ),
    ),
  );
  socket.on('data', data);
  socket.on('end', ended);
  socket.on('close', ended);
  socket.resume();
}
