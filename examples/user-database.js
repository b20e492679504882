// A server whose users are in a file: [{ "id": "…", "email": "ann@example.com" }, …]. The file may change at any time;
// whoever is taken out of it is disconnected at once. What each user has moved is printed.
//
//     node examples/user-database.js users.json 10086
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { createServer } from 'tsray';

const [given, port = '10086'] = process.argv.slice(2);
if (given === undefined) {
  console.error('usage: node examples/user-database.js FILE [PORT]');
  process.exit(2);
}
const file = resolve(given);

async function readUsers() {
  return JSON.parse(await readFile(file, 'utf8'));
}

const server = createServer({
  users: await readUsers(),
  listen: { port: Number(port) },
});

const moved = new Map();
server.on('close', ({ user, uplinkBytes, downlinkBytes }) => {
  const bytes = (moved.get(user) ?? 0) + uplinkBytes + downlinkBytes;
  moved.set(user, bytes);
  console.log(`${user} has moved ${bytes} bytes`);
});

async function update() {
  let wanted;
  try {
    wanted = await readUsers();
  } catch {
    return; // Half written: the next change brings the rest.
  }
  const emails = new Set(wanted.map(({ email }) => email));
  for (const { email } of server.users.list()) {
    if (emails.has(email)) continue;
    server.users.remove(email);
    console.log(`${email} is out`);
  }
  for (const user of wanted) {
    if (server.users.has(user.email)) continue;
    server.users.add(user);
    console.log(`${user.email} is in`);
  }
}

await server.start();
// The folder, since many programs replace a file in place of writing it.
const watcher = watch(dirname(file), (_event, name) => {
  if (name === basename(file)) void update();
});
console.log(`${server.users.size} users may connect to port ${server.port}`);

process.once('SIGTERM', async () => {
  watcher.close();
  await server.close();
});
