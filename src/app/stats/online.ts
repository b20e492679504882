/** From which addresses users are connected now: Xray's `user>>>EMAIL>>>online`. */

interface Presence {
  live: number;
  /** When its newest connection began, in whole seconds since the epoch. */
  lastSeen: number;
}

export class OnlineUsers {
  /** By email. A user who has left stays with no address, as in Xray. */
  readonly #users = new Map<string, Map<string, Presence>>();

  /** A connection of the user from `host` begins at `seconds`. Call what is returned once, when it has ended. */
  joined(email: string, host: string, seconds: number): () => void {
    let hosts = this.#users.get(email);
    if (hosts === undefined) {
      hosts = new Map();
      this.#users.set(email, hosts);
    }
    const presence = hosts.get(host) ?? { live: 0, lastSeen: 0 };
    presence.live += 1;
    presence.lastSeen = seconds;
    hosts.set(host, presence);
    const among = hosts;
    return () => {
      presence.live -= 1;
      if (presence.live === 0) among.delete(host);
    };
  }

  /** Addresses with the time of their newest connection; undefined for a user who was never seen. */
  of(email: string): ReadonlyMap<string, number> | undefined {
    const hosts = this.#users.get(email);
    return hosts && new Map([...hosts].map(([host, { lastSeen }]) => [host, lastSeen]));
  }

  /** Emails of those who have a connection now. */
  emails(): readonly string[] {
    return [...this.#users].filter(([, hosts]) => hosts.size > 0).map(([email]) => email);
  }
}

/** Loopback is most often a proxy in front of us; Xray leaves these two out as well. */
export function countsAsOnline(host: string): boolean {
  return host !== '127.0.0.1' && host !== '::1';
}
