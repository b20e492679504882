/** Where a running `tsray run` listens for `tsray reload`: a socket named after its configuration files. */
import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** Where the socket may be, the place of a new process first. `platform` win32: a pipe, which has no folder. */
export function controlPaths(
  files: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  platform: string,
): readonly string[] {
  const paths = files.map((file) => resolve(file));
  const name = `tsray-${createHash('sha256').update(JSON.stringify(paths)).digest('hex').slice(0, 16)}`;
  if (platform === 'win32') return [`\\\\.\\pipe\\${name}`];
  const runtime = env['RUNTIME_DIRECTORY']?.split(':')[0];
  const own = env['XDG_RUNTIME_DIR'];
  const folders = [
    ...(runtime === undefined || runtime === '' ? [] : [runtime]),
    ...(own === undefined || own === '' ? [] : [join(own, 'tsray')]),
    join(tmpdir(), `tsray-${userInfo().uid}`),
    // Of the systemd unit, for who asks from outside it.
    '/run/tsray',
  ];
  return folders.map((folder) => join(folder, `${name}.sock`));
}
