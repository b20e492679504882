/** The real nginx as a reverse proxy: configuration and files in a folder of its own, as the current user. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';

export interface Nginx {
  readonly process: Child;
  close(): Promise<void>;
}

/** Debian keeps it where only root's PATH looks. */
export function nginxPath(): void {
  if (!(process.env['PATH'] ?? '').includes('/usr/sbin')) process.env['PATH'] += ':/usr/sbin';
}

/** `server`: what goes inside the `server` block, listening on `port` (with `listenMore`, such as `ssl http2`). */
export async function startNginx(port: number, server: string, listenMore = ''): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; ${temporary}
  server { listen 127.0.0.1:${port} ${listenMore}; ${server} }
}
`,
  );
  const child = new Child('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
  const close = async (): Promise<void> => {
    await child.close();
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; ; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.destroy();
      return { process: child, close };
    } catch (error) {
      if (attempt === 100) {
        await close();
        throw new Error(`nginx does not listen: ${child.output}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
