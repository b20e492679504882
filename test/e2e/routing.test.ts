/** A whole instance with rules and sniffing: which outbound a client's connection takes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createInstance, type Instance } from '../../src/compose/instance.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { formatProblem } from '../../src/config/problem.js';
import { MemoryAccessLog, MemoryLogger } from '../helper/memory-log.js';
import { hexBytes, routingVectors } from '../helper/routing-vectors.js';
import { readExactly, socksConnect } from '../helper/socks-client.js';

const outbounds = ['default', 'web', 'video', 'torrent', 'one-a', 'one-b'];

describe('rules and sniffing of an instance', () => {
  const servers: Server[] = [];
  const accessLog = new MemoryAccessLog();
  let instance: Instance;
  const ports = new Map<string, number>();

  before(async () => {
    for (const [index] of outbounds.entries()) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        socket.write(String(index));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.push(server);
    }
    const config = {
      inbounds: [
        { tag: 'plain', protocol: 'socks', listen: '127.0.0.1', port: 0 },
        {
          tag: 'sniffed',
          protocol: 'socks',
          listen: '127.0.0.1',
          port: 0,
          sniffing: { enabled: true, destOverride: ['http', 'tls'] },
        },
      ],
      outbounds: outbounds.map((tag, index) => ({
        tag,
        protocol: 'freedom',
        settings: { redirect: `127.0.0.1:${(servers[index]!.address() as AddressInfo).port}` },
      })),
      routing: {
        domainStrategy: 'IPIfNonMatch',
        balancers: [{ tag: 'ones', selector: ['one-'], strategy: { type: 'roundRobin' } }],
        rules: [
          { type: 'field', domain: ['domain:video.test'], outboundTag: 'video' },
          { type: 'field', protocol: ['bittorrent'], outboundTag: 'torrent' },
          { type: 'field', domain: ['full:www.web.test', 'sniff.test'], outboundTag: 'web' },
          { type: 'field', port: 7, balancerTag: 'ones' },
          { type: 'field', port: 9, outboundTag: 'gone' },
        ],
      },
    };
    const { settings, errors } = parseConfig(JSON.stringify(config));
    assert.deepEqual(errors.map(formatProblem), []);
    const log = {
      logger: new MemoryLogger(),
      access: accessLog,
      reopen: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const flags = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };
    instance = createInstance(settings!, { flags, log });
    await instance.start();
    for (const { addresses, tag } of instance.inbounds)
      ports.set(tag, Number(addresses[0]!.split(':').at(-1)));
  });

  after(async () => {
    await instance.stop(0);
    for (const server of servers) server.close();
  });

  async function outboundOf(
    inbound: string,
    host: string,
    port: number,
    bytes?: Uint8Array,
  ): Promise<string> {
    const socket = await socksConnect(ports.get(inbound)!, { host, port });
    if (bytes !== undefined) socket.write(bytes);
    const index = Number((await readExactly(socket, 1)).toString());
    socket.destroy();
    return outbounds[index]!;
  }

  test('by the name that the client asks for', async () => {
    assert.equal(await outboundOf('plain', 'cdn.video.test', 80), 'video');
    assert.equal(await outboundOf('plain', '127.0.0.9', 80), 'default');
  });

  test('by the name in the first bytes, which also replaces the target', async () => {
    const request = Buffer.from('GET / HTTP/1.1\r\nHost: www.web.test\r\n\r\n');
    assert.equal(await outboundOf('sniffed', '127.0.0.9', 80, request), 'web');
    assert.equal(await outboundOf('plain', '127.0.0.9', 80, request), 'default');
    const hello = hexBytes(
      routingVectors.tls.cases.find(({ name }) => name.startsWith('one hello in 2'))!.hex,
    );
    assert.equal(await outboundOf('sniffed', '127.0.0.9', 443, hello), 'web');
    // The access log shows what the client asked for.
    assert.equal(accessLog.records.at(-1)?.to, 'tcp:127.0.0.9:443');
  });

  test('by the protocol', async () => {
    const torrent = Buffer.from(`\x13BitTorrent protocol${'\0'.repeat(48)}`, 'latin1');
    assert.equal(await outboundOf('sniffed', '127.0.0.9', 6881, torrent), 'torrent');
  });

  test('a balancer takes its outbounds in turn', async () => {
    const taken = [await outboundOf('plain', '127.0.0.9', 7), await outboundOf('plain', '127.0.0.9', 7)];
    assert.deepEqual(taken.sort(), ['one-a', 'one-b']);
  });

  test('a server that speaks first is heard though the client says nothing', async () => {
    assert.equal(await outboundOf('sniffed', '127.0.0.9', 22), 'default');
  });

  test('an outbound that does not exist: the first one serves', async () => {
    assert.equal(await outboundOf('plain', '127.0.0.9', 9), 'default');
  });

  test('matches are counted by rule', () => {
    const counts = new Map(instance.router.counts().map(({ matches, rule }) => [rule, matches]));
    assert.equal(counts.get('routing.rules[0]'), 1);
    assert.equal(counts.get('routing.rules[3]'), 2);
  });
});
