/** Loads from programs that are not ours: iperf3 for streams, wrk against nginx for requests. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, runChild } from '../../test/helper/child.js';

export interface Service {
  readonly port: number;
  close(): Promise<void>;
}

export async function startIperf(port: number): Promise<Service> {
  const child = new Child('iperf3', ['-s', '-B', '127.0.0.1', '-p', String(port), '--forceflush']);
  await child.line(/Server listening/);
  return { port, close: () => child.close() };
}

export interface Transfer {
  readonly bytes: number;
  readonly seconds: number;
}

/** One stream of about `bytes` through `port`; `down`: from the server to us. */
export async function transfer(port: number, bytes: number, direction: 'down' | 'up'): Promise<Transfer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transferOnce(port, bytes, direction);
    } catch (error) {
      // iperf3 serves one client at a time, and learns late that the one before has left. V2Ray's mKCP now and then
      // loses a connection under load.
      if (attempt === 20 || !/busy|closed unexpectedly/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function transferOnce(port: number, bytes: number, direction: 'down' | 'up'): Promise<Transfer> {
  const args = ['-c', '127.0.0.1', '-p', String(port), '-n', String(bytes), '-l', '128K', '-J'];
  const run = await runChild('iperf3', direction === 'down' ? [...args, '-R'] : args);
  const report = JSON.parse(run.output) as {
    readonly error?: string;
    readonly end: { readonly sum_received: { readonly bytes: number; readonly seconds: number } };
  };
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return report.end.sum_received;
}

/** nginx that answers every request with 100 bytes. */
export async function startNginx(port: number): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-bench-'));
  const body = 'x'.repeat(100);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; client_body_temp_path ${folder};
  proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${port} backlog=4096; location / { return 200 '${body}'; } }
}
`,
  );
  const child = new Child('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
  await untilListening(port);
  return {
    port,
    close: async () => {
      await child.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = net.connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.destroy();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`nothing listens on ${port}`);
}

export interface Requests {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** wrk for `seconds` with `connections` kept busy; `close`: a new connection for each request. */
export async function requests(
  port: number,
  options: { readonly connections: number; readonly seconds: number; readonly close?: boolean },
): Promise<Requests> {
  const args = ['-t', '1', '-c', String(options.connections), '-d', `${options.seconds}s`, '--latency'];
  if (options.close === true) args.push('-H', 'Connection: close');
  const { output } = await runChild('wrk', [...args, `http://127.0.0.1:${port}/`]);
  const field = (pattern: RegExp): string => {
    const found = pattern.exec(output)?.[1];
    if (found === undefined) throw new Error(`wrk printed no ${String(pattern)}:\n${output}`);
    return found;
  };
  return {
    count: Number(field(/(\d+) requests in/)),
    perSecond: Number(field(/Requests\/sec:\s+([\d.]+)/)),
    p50Ms: milliseconds(field(/50%\s+(\S+)/)),
    p99Ms: milliseconds(field(/99%\s+(\S+)/)),
  };
}

function milliseconds(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('us')) return value / 1000;
  return text.endsWith('ms') ? value : value * 1000;
}

/** An answer takes longer than this only if it never comes. */
const answerMs = 2_000;

/**
 * One connection through `port` that has had one answer. About one in a thousand gets none from a V2Ray server: its
 * filter against replayed requests has false positives, more the more requests it has seen of late, and what it takes
 * for a replay it keeps silent to. That one is opened again.
 */
async function answeredConnection(port: number): Promise<net.Socket> {
  for (let attempt = 1; ; attempt += 1) {
    const socket = net.connect(port, '127.0.0.1');
    const signal = AbortSignal.timeout(answerMs);
    try {
      await once(socket, 'connect', { signal });
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(socket, 'data', { signal });
      return socket;
    } catch (error) {
      socket.on('error', () => undefined);
      socket.destroy();
      if (attempt === 5) throw new Error(`no answer from 127.0.0.1:${port}`, { cause: error });
    }
  }
}

/** `count` connections through `port`, each of which has had one answer and is then left alone. */
export async function idleConnections(port: number, count: number): Promise<{ close(): Promise<void> }> {
  const sockets: net.Socket[] = [];
  for (let start = 0; start < count; start += 100) {
    const batch = Array.from({ length: Math.min(100, count - start) }, () => answeredConnection(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return {
    close: async () => {
      await Promise.all(
        sockets.map((socket) => {
          if (socket.closed) return undefined;
          socket.destroy();
          return once(socket, 'close');
        }),
      );
    },
  };
}
