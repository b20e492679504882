/** The asking side of `tsray reload`. */
import net from 'node:net';
import { TsrayError } from '../../core/errors.js';
import { reloadRequest } from './control-server.js';
import type { ReloadReport } from './reloader.js';

/** Lists of names may have to be read. */
const answerMs = 60_000;
const longestAnswer = 16 * 1024 * 1024;

/** The report of the process that listens at one of `paths`; undefined if there is none. Rejects with ERR_CLOSED, ERR_PROTOCOL or ERR_IDLE_TIMEOUT. */
export async function askReload(paths: readonly string[]): Promise<ReloadReport | undefined> {
  for (const path of paths) {
    const socket = await connected(path);
    if (socket !== undefined) return readReport(socket);
  }
  return undefined;
}

function connected(path: string): Promise<net.Socket | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function readReport(socket: net.Socket): Promise<ReloadReport> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (error: TsrayError): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(answerMs, () =>
      fail(new TsrayError('ERR_IDLE_TIMEOUT', 'the running tsray did not answer in time')),
    );
    socket.on('error', () => fail(new TsrayError('ERR_CLOSED', 'the running tsray went away')));
    socket.on('data', (bytes) => {
      chunks.push(bytes);
      length += bytes.length;
      if (length > longestAnswer) fail(new TsrayError('ERR_PROTOCOL', 'the answer is too long'));
    });
    socket.on('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ReloadReport);
      } catch {
        fail(new TsrayError('ERR_CLOSED', 'the running tsray went away'));
      }
      socket.destroy();
    });
    socket.write(reloadRequest);
  });
}
