/** docs/library.md: every block of code runs as printed and prints what its comments say. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createWebServer, type RequestListener, type Server as WebServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, generateId, type Server } from '../../../src/index.js';
import { makeCertificate, type TestCertificate } from '../../helper/certificates.js';
import { Child } from '../../helper/child.js';
import { type DnsResponder, startDnsResponder } from '../../helper/dns-responder.js';
import { freePorts } from '../../helper/ports.js';
import { projectRoot } from '../../helper/project.js';
import { v2raynLink } from '../../helper/share-links.js';
import { cleanEnvironment } from '../../helper/tsray-process.js';

const guide = readFileSync(join(projectRoot, 'docs', 'library.md'), 'utf8');

interface Block {
  readonly name: string;
  readonly code: string;
}

/** The JavaScript blocks, each with the heading it stands under. */
function blocks(): Block[] {
  const found: Block[] = [];
  let heading = '';
  for (const part of guide.matchAll(/^#+ (.+)$|^```js\n((?:.|\n)*?)^```$/gm)) {
    if (part[1] !== undefined) heading = part[1];
    else found.push({ name: `${heading} (${found.length + 1})`, code: part[2]! });
  }
  return found;
}

/** What the comments `// → …` promise, in their order. */
function promised(code: string): string[] {
  return [...code.matchAll(/\/\/ → (.+)$/gm)].map((match) => match[1]!);
}

async function listen(server: WebServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('docs/library.md', () => {
  const id = generateId();
  // In the project, so that `tsray` is found by its own name.
  const folder = join(projectRoot, '.build', 'guide');
  let ca: TestCertificate;
  let server: Server;
  let dns: DnsResponder;
  let web: readonly WebServer[];
  let replacements: readonly (readonly [string, string])[];

  before(async () => {
    ca = makeCertificate({ names: ['localhost'] });
    const answer: RequestListener = (request, response) => {
      if (request.url !== '/subscription') {
        response.end('example\n');
        return;
      }
      response.setHeader('profile-title', 'Example');
      response.end(`${v2raynLink(server.port, id)}\ntrojan://x@example.com:1\n`);
    };
    web = [createWebServer(answer), createSecureServer({ cert: ca.certificate, key: ca.key }, answer)];
    const [plain = 0, secure = 0] = await Promise.all(web.map(listen));
    dns = await startDnsResponder([192, 0, 2, 1]);
    const places: Readonly<Record<string, number>> = { 80: plain, 443: secure, 53: dns.port };
    // What the guide's names stand for is decided where a server would resolve them: here.
    server = createServer({ users: [{ id }], listen: { host: '127.0.0.1', port: 0 } });
    await server.start();
    const [free = 0] = await freePorts(1);
    replacements = [
      ["'vmess://eyJ2IjoiMiIs…'", JSON.stringify(v2raynLink(server.port, id))],
      ['https://example.com/subscription', `https://localhost:${places[443]}/subscription`],
      ['https://example.com/', `https://localhost:${places[443]}/`],
      ['http://example.com/', `http://localhost:${places[80]}/`],
      ["host: 'example.com', port: 80,", `host: 'localhost', port: ${places[80]},`],
      ["53, '1.1.1.1'", `${dns.port}, '127.0.0.1'`],
      ['1.1.1.1 53', `127.0.0.1 ${dns.port}`],
      ['asks for example.com', 'asks for localhost'],
      ['port: 10086', `port: ${free}`],
      ['port: 1080', `port: ${free}`],
      ['127.0.0.1:1080', `127.0.0.1:${free}`],
    ];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ca.pem'), ca.certificate);
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
    await dns.close();
    for (const each of web) {
      each.closeAllConnections();
      await new Promise((resolve) => each.close(resolve));
    }
  });

  for (const [index, block] of blocks().entries()) {
    test(block.name, async () => {
      const code = replacements.reduce((text, [from, to]) => text.replaceAll(from, to), block.code);
      const file = join(folder, `${index}.mjs`);
      writeFileSync(file, code);
      const env = cleanEnvironment({ NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') });
      const child = new Child(process.execPath, [file], { env });
      const exit = await child.exit;
      assert.equal(exit.code, 0, child.output);
      let at = 0;
      for (const expected of promised(code)) {
        const found = child.output.indexOf(expected, at);
        assert.ok(found >= 0, `expected ${expected} in\n${child.output}`);
        at = found + expected.length;
      }
      assert.doesNotMatch(child.output, /Warning/);
    });
  }

  test('every link to a file leads somewhere', () => {
    for (const [, path] of guide.matchAll(/\]\(([\w-]+\.md)\)/g)) {
      assert.ok(readFileSync(join(projectRoot, 'docs', path!), 'utf8').length > 0);
    }
  });
});
