/** Settings of the blackhole outbound. */
export interface BlackholeSettings {
  readonly response: 'none' | 'http';
}
