/** The web server that curl, Chromium and Node's http reach through the proxy. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { payloadPieces } from './payload.js';

export interface HttpOrigin {
  readonly port: number;
  /** Paths in the order asked for. */
  readonly requests: readonly string[];
  /** TCP connections so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Scripts and images the page at `/page` asks for. */
export const pageResources = 50;

/** Each script adds itself to a counter that the page shows, so that the dumped page tells how many arrived. */
function page(): string {
  const scripts = Array.from(
    { length: pageResources },
    (_, index) => `<script src="/resource/${index}.js"></script>`,
  );
  return `<!doctype html><title>page</title><p id="count">0</p><script>let loaded = 0;</script>${scripts.join('\n')}<script>
document.getElementById('count').textContent = 'loaded ' + loaded;</script>`;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  const bytes = /^\/bytes\/(\d+)$/.exec(path)?.[1];
  if (bytes !== undefined) {
    response.writeHead(200, { 'content-length': bytes, 'content-type': 'application/octet-stream' });
    await pipeline(Readable.from(payloadPieces(Number(bytes))), response);
  } else if (path === '/chunked') {
    response.writeHead(200);
    for (const piece of payloadPieces(100_000)) response.write(piece);
    response.end();
  } else if (path === '/upload') {
    const hash = createHash('sha256');
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      length += chunk.length;
    }
    response.end(`${length} ${hash.digest('hex')}\n`);
  } else if (path === '/headers') {
    response.end(JSON.stringify(request.headers));
  } else if (path === '/page') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(page());
  } else if (/^\/resource\/\d+\.js$/.test(path)) {
    response.writeHead(200, { 'content-type': 'text/javascript' });
    response.end(`loaded += 1; // ${'x'.repeat(5_000)}`);
  } else if (path === '/') {
    response.end('hello\n');
  } else {
    response.writeHead(404);
    response.end('not found\n');
  }
}

export async function startHttpOrigin(host = '127.0.0.1'): Promise<HttpOrigin> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen({ port: 0, host, backlog: 1024 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
