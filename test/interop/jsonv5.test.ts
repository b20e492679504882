/** V2Ray 5 and tsray, each as server and client, with the same configurations in V2Ray 5's newer format. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCertificate, writeCertificateFiles } from '../helper/certificates.js';
import { Child } from '../helper/child.js';
import { type EchoServers, startEchoServers, tcpEcho, udpEcho } from '../helper/exchange.js';
import { datagramSizes, type Jsonv5Case, jsonv5Cases, jsonv5Client, jsonv5Server } from '../helper/jsonv5.js';
import { findProgram } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsrayProcess } from '../helper/tsray-process.js';

interface Running {
  close(): Promise<void>;
}

const program = findProgram('v2ray5');
// The machines of CI have V2Ray 4.34, as `v2ray`.
const skip = program === undefined ? 'no V2Ray 5 is installed as v2ray5' : false;

const log = { access: { type: 'None' }, error: { type: 'Console', level: 'Warning' } };

async function startV2ray5(config: object): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-v2ray5-'));
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ log, ...config }));
  const child = new Child(program ?? '', ['run', '-c', file, '-format', 'jsonv5'], {
    env: { PATH: process.env['PATH'] },
  });
  const close = async (): Promise<void> => {
    await child.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await child.line(/V2Ray .* started/);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

const start = {
  tsray: (config: object): Promise<Running> => startTsrayProcess({ log, ...config }),
  'V2Ray 5': startV2ray5,
} as const;

const pairs = [
  ['tsray', 'V2Ray 5'],
  ['V2Ray 5', 'tsray'],
] as const;

describe('jsonv5 against V2Ray 5', { skip }, () => {
  const ca = makeCertificate({ names: ['Test CA'], isCa: true });
  const files = writeCertificateFiles(makeCertificate({ names: ['server.example.org'], issuer: ca }));
  let echo: EchoServers;
  before(async () => {
    echo = await startEchoServers();
  });
  after(async () => {
    await echo.close();
    files.remove();
  });

  async function check(each: Jsonv5Case, [client, server]: (typeof pairs)[number]): Promise<void> {
    const [serverPort = 0, clientPort = 0] = await freePorts(2);
    const remote = await start[server](jsonv5Server(each, serverPort));
    try {
      const local = await start[client](jsonv5Client(each, clientPort, serverPort));
      try {
        await tcpEcho(clientPort, echo);
        await udpEcho(clientPort, echo, datagramSizes(each));
      } finally {
        await local.close();
      }
    } finally {
      await remote.close();
    }
  }

  for (const each of jsonv5Cases(files, ca)) {
    for (const pair of pairs) {
      test(`${each.name}: ${pair[0]} as client of ${pair[1]}`, () => check(each, pair));
    }
  }
});
