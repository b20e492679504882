/** Ports for peers that cannot be told to take any free one. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below Linux's and macOS's ephemeral ranges, so that no outgoing connection takes a port between our look and the
 * peer's bind.
 */
const lowest = 12_000;
const highest = 31_000;

async function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen({ host: '0.0.0.0', port, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
}

/** First of `count` consecutive free ports. */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = randomInt(lowest, highest - count);
    const held: Server[] = [];
    for (let index = 0; index < count; index += 1) {
      const server = await tryListen(first + index);
      if (server === undefined) break;
      held.push(server);
    }
    await closeAll(held);
    if (held.length === count) return first;
  }
  throw new Error(`no ${count} consecutive free ports between ${lowest} and ${highest}`);
}

/** `count` different free ports. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const first = await freePortRange(count);
  return Array.from({ length: count }, (_, index) => first + index);
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  return freePortRange(1);
}
