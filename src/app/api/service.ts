/** gRPC services as tables of methods. */
import type { Message, MessageType } from './message.js';

/** gRPC's status codes, as far as the API answers them. */
export const statusCodes = {
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  unimplemented: 12,
  internal: 13,
  unauthenticated: 16,
} as const;

/** What a caller is told in place of an answer. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Method {
  readonly request: MessageType;
  /**
   * The answer, encoded, in parts. Throws a CallError. A generator may be
   * as long as it likes: others have their turn between its parts.
   */
  answer(request: Message, path: string): Iterable<Uint8Array> | Promise<Iterable<Uint8Array>>;
}

/** Method names to methods. */
export type ServiceMethods = { readonly [name: string]: Method };

/** Paths such as `/v2ray.core.app.stats.command.StatsService/GetStats` to methods. */
export type Services = ReadonlyMap<string, Method>;

/** The service under each of its full names. */
export function servicePaths(names: readonly string[], methods: ServiceMethods): [string, Method][] {
  return names.flatMap((name) =>
    Object.entries(methods).map(([method, each]): [string, Method] => [`/${name}/${method}`, each]),
  );
}
