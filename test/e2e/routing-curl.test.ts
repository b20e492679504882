/** curl through a SOCKS inbound that sniffs: it asks for an address, and rules see the name in its first bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlain, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createInstance } from '../../src/compose/instance.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { makeCertificate } from '../helper/certificates.js';
import { curl } from '../helper/curl.js';
import { MemoryAccessLog, MemoryLogger } from '../helper/memory-log.js';
import { skipWithout } from '../helper/peer.js';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a name that curl has resolved itself', { skip: skipWithout('curl') }, async () => {
  const { certificate: cert, key } = makeCertificate();
  const secure = createSecure({ cert, key }, (_, response) => response.end('secure'));
  const plain = createPlain((_, response) => response.end('plain'));
  const other = createPlain((_, response) => response.end('other'));
  const to = async (server: Server): Promise<object> => ({
    redirect: `127.0.0.1:${await listening(server)}`,
  });
  const { settings } = parseConfig(
    JSON.stringify({
      inbounds: [
        {
          tag: 'in',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: 0,
          sniffing: { enabled: true, destOverride: ['http', 'tls'] },
        },
      ],
      outbounds: [
        { tag: 'other', protocol: 'freedom', settings: await to(other) },
        { tag: 'secure', protocol: 'freedom', settings: await to(secure) },
        { tag: 'plain', protocol: 'freedom', settings: await to(plain) },
      ],
      routing: {
        rules: [
          { domain: ['domain:named.test'], protocol: ['tls'], outboundTag: 'secure' },
          { domain: ['domain:named.test'], protocol: ['http'], outboundTag: 'plain' },
        ],
      },
    }),
  );
  const log = {
    logger: new MemoryLogger(),
    access: new MemoryAccessLog(),
    reopen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const flags = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };
  const instance = createInstance(settings!, { flags, log });
  await instance.start();
  const port = instance.inbounds[0]!.addresses[0]!.split(':').at(-1)!;
  const get = async (url: string): Promise<string> => {
    const { hostname } = new URL(url);
    const resolve = ['80', '443'].flatMap((each) => ['--resolve', `${hostname}:${each}:127.0.0.9`]);
    return (await curl('--insecure', '--proxy', `socks5://127.0.0.1:${port}`, ...resolve, url)).text;
  };
  try {
    assert.equal(await get('https://www.named.test/'), 'secure');
    assert.equal(await get('http://www.named.test/'), 'plain');
    assert.equal(await get('http://www.other.test/'), 'other');
  } finally {
    await instance.stop(0);
    for (const server of [secure, plain, other]) server.close();
  }
});
