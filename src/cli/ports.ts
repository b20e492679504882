/** Ports on the command line. */
import { InvalidArgumentError } from 'commander';

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text.trim()) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('expected a port, 1 to 65535.');
  }
  return port;
}
