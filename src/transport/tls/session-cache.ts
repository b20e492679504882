/** Sessions of a TLS client, to be resumed: a few for each server, each used once. */

/** Servers remembered. */
const maxServers = 64;
/** TLS 1.3 servers hand out two tickets at a time. */
const maxEach = 4;

export class SessionCache {
  readonly #sessions = new Map<string, Buffer[]>();

  /** `server`: whatever tells servers apart. */
  put(server: string, session: Buffer): void {
    const kept = this.#sessions.get(server) ?? [];
    kept.push(session);
    if (kept.length > maxEach) kept.shift();
    this.#sessions.delete(server);
    this.#sessions.set(server, kept);
    if (this.#sessions.size > maxServers) this.#sessions.delete(this.#sessions.keys().next().value!);
  }

  /** The newest, which is then forgotten: used twice, a ticket would link two connections. */
  take(server: string): Buffer | undefined {
    const session = this.#sessions.get(server)?.pop();
    if (this.#sessions.get(server)?.length === 0) this.#sessions.delete(server);
    return session;
  }

  clear(): void {
    this.#sessions.clear();
  }
}
