/** Opens a listening Unix socket. */
import { lstatSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { platform } from 'node:process';
import type { Listener } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import { listenError } from '../common/listen-error.js';
import { NetServer, type NetServerOptions, type Serve } from '../common/net-server.js';
import { unixName } from './name.js';
import type { UnixSettings } from './settings.js';

/**
 * A socket file that a killed program has left behind is replaced; one that somebody listens on is not. While the
 * socket is open, `path.lock` holds our process id, for other programs that want the path. Rejects with ERR_LISTEN.
 */
export async function openUnixServer(
  settings: UnixSettings,
  serve: Serve,
  options: NetServerOptions = {},
): Promise<Listener> {
  const path = unixName(settings);
  if (platform === 'win32' || (settings.abstract && platform !== 'linux')) {
    const what = settings.abstract ? 'abstract Unix sockets' : 'Unix sockets';
    throw new TsrayError('ERR_LISTEN', `this system has no ${what}`);
  }
  if (settings.abstract) {
    const server = new NetServer(serve, options);
    await server.open({ path });
    return server;
  }
  const lock = `${path}.lock`;
  takeLock(path, lock);
  try {
    await removeLeftover(path);
    const server = new NetServer(serve, { ...options, closed: () => removeFile(lock) });
    await server.open({ path });
    return server;
  } catch (error) {
    removeFile(lock);
    throw error;
  }
}

/** Two processes that start at the same time cannot both take it. */
function takeLock(path: string, lock: string): void {
  const content = `${process.pid}\n`;
  try {
    writeFileSync(lock, content, { flag: 'wx' });
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw listenError(path, true, error as NodeJS.ErrnoException);
  }
  const owner = Number.parseInt(readFileSync(lock, 'utf8'), 10);
  if (owner !== process.pid && isAlive(owner)) throw inUse(path);
  writeFileSync(lock, content);
}

/** V2Ray's locks are empty: whether it lives shows when its socket is tried. */
function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function removeLeftover(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new TsrayError('ERR_LISTEN', `cannot listen on ${path}: there is a file of that name`, {
      hint: 'Remove it, or choose another path.',
    });
  }
  if (await answers(path)) throw inUse(path);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A listener whose queue is full lives, too.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAGAIN'));
  });
}

function inUse(path: string): TsrayError {
  return listenError(path, true, Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody was faster; it is gone, which is what was wanted.
  }
}
