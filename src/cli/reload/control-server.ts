/** Answers `tsray reload`: one line asked, one line of JSON back. For this user alone, by the permissions of its folder. */
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';
import { TsrayError } from '../../core/errors.js';
import type { Reload, ReloadReport } from './reloader.js';

/** The only question. */
export const reloadRequest = 'reload\n';

/** A caller has so long to ask. */
const askMs = 5_000;

export interface ControlServer {
  close(): Promise<void>;
}

/** Listens at `path`, in place of whoever did before. Rejects with ERR_LISTEN. */
export async function listenForReload(path: string, reload: Reload): Promise<ControlServer> {
  if (!path.startsWith('\\\\')) prepareFolder(path);
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(askMs, () => socket.destroy());
    let asked = '';
    socket.on('data', (bytes) => {
      asked += bytes.toString('latin1');
      if (asked.length < reloadRequest.length) return;
      if (asked !== reloadRequest) {
        socket.destroy();
        return;
      }
      socket.setTimeout(0);
      void answer(reload).then((report) => socket.end(`${JSON.stringify(report)}\n`));
    });
  });
  const isPipe = path.startsWith('\\\\');
  // Node removes the name that it listened on when it is done, which may be another process's by then.
  const first = isPipe ? path : `${path}.${process.pid}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(path, error)));
    server.listen(first, resolve);
  });
  server.unref();
  const forget = isPipe ? () => undefined : moveTo(first, path);
  return {
    close: () =>
      new Promise((resolve) => {
        forget();
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Returns what removes it, if it is still ours. */
function moveTo(first: string, path: string): () => void {
  chmodSync(first, 0o600);
  const { ino } = lstatSync(first);
  renameSync(first, path);
  return () => {
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
}

function cannotListen(path: string, cause: unknown): TsrayError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TsrayError('ERR_LISTEN', `cannot listen on ${path}: ${reason}`, { cause });
}

async function answer(reload: Reload): Promise<ReloadReport> {
  try {
    return await reload();
  } catch (error) {
    return {
      outcome: 'refused',
      lines: [`tsray: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

/** Nobody else may enter it, or put a socket there in our place. Throws ERR_LISTEN. */
function prepareFolder(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid } = lstatSync(folder);
    if (process.getuid !== undefined && uid !== process.getuid()) {
      throw new Error('the folder belongs to another user');
    }
    rmSync(`${path}.${process.pid}`, { force: true });
  } catch (error) {
    throw cannotListen(path, error);
  }
}
