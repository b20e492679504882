/** The configurations in docs/transports.md work as printed, but for the ID, addresses and ports. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { makeCertificate, writeCertificateFiles } from '../helper/certificates.js';
import { type EchoServers, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { fillIn } from '../helper/fill-in.js';
import { freePorts } from '../helper/ports.js';
import { projectRoot } from '../helper/project.js';
import { withoutQuic } from '../helper/quic.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

interface Section {
  readonly name: string;
  readonly server: string;
  readonly client: string;
}

/** The sections that have both configurations. */
function sections(): readonly Section[] {
  const text = readFileSync(join(projectRoot, 'docs', 'transports.md'), 'utf8');
  const block = (part: string, name: string): string | undefined =>
    new RegExp(`\`\`\`jsonc\n(// ${name}\n[^]*?)\`\`\``).exec(part)?.[1];
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const server = block(part, 'server.json');
      const client = block(part, 'client.json');
      if (server === undefined || client === undefined) return [];
      return [{ name: part.slice(0, part.indexOf('\n')), server, client }];
    });
}

async function check({ server, client }: Section, servers: EchoServers): Promise<void> {
  const [serverPort = 0, clientPort = 0] = await freePorts(2);
  const id = randomUUID();
  const files = writeCertificateFiles(makeCertificate({ names: ['server.example.org'] }));
  const onDisk = (text: string): string =>
    text
      .replaceAll('/etc/tsray/cert.pem', files.certificateFile)
      .replaceAll('/etc/tsray/key.pem', files.keyFile)
      .replaceAll('/run/tsray/', `${dirname(files.keyFile)}/`);
  // A server on a Unix socket has no address to listen on.
  const listen = server.includes('0.0.0.0') ? ([['0.0.0.0', '127.0.0.1']] as const) : [];
  const running = await startTsrayProcess(
    fillIn(onDisk(server), ["put the output of 'tsray uuid' here", id], ...listen, [
      '10086',
      `${serverPort}`,
    ]),
  );
  try {
    const proxy = await startTsrayProcess(
      fillIn(
        onDisk(client),
        ['the same ID', id],
        ['"server.example"', '"127.0.0.1"'],
        ['1080', `${clientPort}`],
        ['10086', `${serverPort}`],
      ),
    );
    try {
      await tcpEcho(clientPort, servers);
      await udpEcho(clientPort, servers);
    } finally {
      await proxy.close();
    }
  } finally {
    await running.close();
    files.remove();
  }
}

describe('docs/transports.md', () => {
  const found = sections();
  test('has configurations', () => assert.ok(found.length > 0));
  for (const section of found) {
    const skip = section.name === 'QUIC' && withoutQuic;
    test(`${section.name}: client.json carries TCP and UDP through server.json`, { skip }, async () => {
      const servers = await startEchoServers();
      try {
        await check(section, servers);
      } finally {
        await servers.close();
      }
    });
  }
});
