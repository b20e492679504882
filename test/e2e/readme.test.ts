/** The README's two configurations work as printed, but for the ID, addresses and ports that a reader fills in. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { curl } from '../helper/curl.js';
import { fillIn } from '../helper/fill-in.js';
import { startHttpOrigin } from '../helper/http-origin.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { projectRoot } from '../helper/project.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

/** The code block that begins with the comment `// name`. */
function block(name: string): string {
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
  const found = new RegExp(`\`\`\`jsonc\n(// ${name}\n[^]*?)\`\`\``).exec(readme)?.[1];
  assert.ok(found, `README.md has ${name}`);
  return found;
}

describe('README', { skip: skipWithout('curl') }, () => {
  test('client.json reaches the web through server.json, and blockPrivate keeps this machine out', async () => {
    const origin = await startHttpOrigin();
    const [serverPort = 0, clientPort = 0, openPort = 0] = await freePorts(3);
    const id = randomUUID();
    const serverText = (port: number): string =>
      fillIn(
        block('server.json'),
        ["put the output of 'tsray uuid' here", id],
        ['0.0.0.0', '127.0.0.1'],
        ['10086', `${port}`],
      );
    const closed = await startTsrayProcess(serverText(serverPort));
    const open = await startTsrayProcess(
      fillIn(serverText(openPort), ['"blockPrivate": true', '"blockPrivate": false']),
    );
    const clientText = (port: number): string =>
      fillIn(
        block('client.json'),
        ['the same ID', id],
        ['server.example', '127.0.0.1'],
        ['1080', `${clientPort}`],
        ['10086', `${port}`],
      );
    const url = `http://127.0.0.1:${origin.port}/`;
    try {
      for (const { port, reaches } of [
        { port: openPort, reaches: true },
        { port: serverPort, reaches: false },
      ]) {
        const client = await startTsrayProcess(clientText(port));
        const result = await curl('--proxy', `socks5h://127.0.0.1:${clientPort}`, url);
        assert.equal(result.text, reaches ? 'hello\n' : '', result.stderr);
        await client.close();
      }
      assert.equal(origin.requests.length, 1);
      assert.match(closed.log, /ERR_BLOCKED/);
    } finally {
      await closed.close();
      await open.close();
      await origin.close();
    }
  });
});
