/** Which ports of this machine are in use, as Linux tells it. */
import { readFileSync } from 'node:fs';

/** States of /proc/net/tcp. */
const states = { established: '01', listening: '0A' } as const;

/** Local ports of TCP sockets in `state` on this machine, both families, one entry a socket. */
export function localPorts(state: keyof typeof states): readonly number[] {
  const ports: number[] = [];
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const [, local, , found] = line.trim().split(/\s+/);
      if (local === undefined || found !== states[state]) continue;
      ports.push(Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16));
    }
  }
  return ports;
}

/** How many established connections end at a local port from `first` to `last`. */
export function connectionsWithin(first: number, last: number): number {
  return localPorts('established').filter((port) => port >= first && port <= last).length;
}
