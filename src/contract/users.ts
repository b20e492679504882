/** The users of a server. */

/** `U`: what a user is made of. Emails name users; their letter case does not count. */
export interface UserStore<U> {
  /** Takes effect at once. Throws ERR_CONFIG_CONFLICT if another user has the email; any number of users may have none. */
  add(user: U): void;
  /** False if there is no such user. Takes effect at once. */
  remove(email: string): boolean;
  /** All users, in no particular order. */
  list(): readonly U[];
}
