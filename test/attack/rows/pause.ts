/** Waiting in an attack, whose pace is a matter of seconds and not of events. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
