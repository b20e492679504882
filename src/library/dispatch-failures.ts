/** Handlers of undici's requests, whose failures are given other names. */
import type { Dispatcher } from 'undici';

/** `host`: of the target. `began`: whether some of the response had come. */
export type NameFailure = (error: unknown, host: string, began: boolean) => unknown;

type Handler = Dispatcher.DispatchHandler;

/**
 * `handler` with its errors named. It may be of undici's older or newer kind, the one that Node's fetch has depending on
 * the version of Node: the two differ in their methods, and undici tells them apart by these.
 */
export function nameFailures(
  { origin }: Dispatcher.DispatchOptions,
  handler: Handler,
  name: NameFailure,
): Handler {
  const host = origin === undefined ? 'the target' : new URL(origin).host;
  let began = false;
  return new Proxy(handler, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        if (key === 'onHeaders' || key === 'onResponseStart') began = true;
        // The error is the last argument of either.
        if (key === 'onError' || key === 'onResponseError') given.push(name(given.pop(), host, began));
        return Reflect.apply(member, target, given);
      };
    },
  });
}

/** Tells `handler` that its request has failed. Returns what `dispatch` has to. */
export function failRequest(handler: Handler, error: Error): boolean {
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
  if (handler.onResponseError !== undefined) handler.onResponseError(controller, error);
  else handler.onError?.(error);
  return true;
}
