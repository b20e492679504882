/** Opens a listening Unix socket. */
import { lstatSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { platform } from 'node:process';
import type { Listener } from '../../contract/transport.js';
import { TsrayError } from '../../core/errors.js';
import { listenError } from '../socket/listen-error.js';
import { NetServer, type NetServerOptions, type Serve } from '../socket/net-server.js';
import { defaultUnixMode, unixName } from './name.js';
import type { UnixSettings } from './settings.js';

/** Of two programs that start within this time, the one that made the lock wins, though it does not listen yet. */
const startingMs = 10_000;

/** Locks of this process. */
const held = new Set<string>();

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
  await takeLock(path, lock);
  try {
    await removeLeftover(path);
    const mode = settings.mode ?? defaultUnixMode;
    const server = new NetServer(serve, { ...options, mode, closed: () => leaveLock(lock) });
    await server.open({ path });
    return server;
  } catch (error) {
    leaveLock(lock);
    throw error;
  }
}

/** Two processes that start at the same time cannot both take it. */
async function takeLock(path: string, lock: string): Promise<void> {
  if (held.has(lock)) throw inUse(path);
  held.add(lock);
  try {
    if (makeLock(path, lock, 'wx')) return;
    // Ids are given again, and containers all have the same: a lock tells little, its socket much.
    if (isStarting(lock) || (await answers(path))) throw inUse(path);
    makeLock(path, lock, 'w');
  } catch (error) {
    held.delete(lock);
    throw error;
  }
}

/** False: there is one. */
function makeLock(path: string, lock: string, flag: 'w' | 'wx'): boolean {
  try {
    writeFileSync(lock, lockText, { flag });
    return true;
  } catch (error) {
    const fault = error as NodeJS.ErrnoException;
    if (fault.code === 'EEXIST') return false;
    throw listenError(path, true, fault);
  }
}

const lockText = `${process.pid}\n`;

/** Another process that lives has made the lock a moment ago. */
function isStarting(lock: string): boolean {
  try {
    const owner = Number.parseInt(readFileSync(lock, 'utf8'), 10);
    return owner !== process.pid && isAlive(owner) && Date.now() - statSync(lock).mtimeMs < startingMs;
  } catch {
    // It is gone.
    return false;
  }
}

/** Ours, unless another program has taken it over since we stopped listening. */
function leaveLock(lock: string): void {
  if (!held.delete(lock)) return;
  try {
    if (readFileSync(lock, 'utf8') === lockText) unlinkSync(lock);
  } catch {
    // Somebody was faster; it is gone, which is what was wanted.
  }
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
    // A listener lives, too, whose queue is full, that we may not connect to, or that takes datagrams.
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}

function inUse(path: string): TsrayError {
  return listenError(path, true, Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
}
