/** `dig` against a dokodemo inbound whose connections end in the dns outbound; V2Ray 4.34 beside it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runChild } from '../helper/child.js';
import { type Answering, type NameServer, startNameServer } from '../helper/name-server.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsray, type Tsray } from '../helper/tsray.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

const many = Array.from({ length: 60 }, (_, i) => `127.0.1.${i + 1}`);

const answering: Answering = ({ name, type }) => {
  const lower = name.toLowerCase();
  if (lower === 'missing.test') return { rcode: 3 };
  if (lower === 'broken.test') return { rcode: 2 };
  if (type === 'TXT') return { answers: [{ type: 'TXT', name, ttl: 5, data: ['text'] }] };
  if (type === 'AAAA') return { answers: [{ type: 'AAAA', name, ttl: 300, data: '::1' }] };
  if (type !== 'A') return {};
  const addresses = lower === 'many.test' ? many : ['127.0.0.7'];
  return { answers: addresses.map((data) => ({ type: 'A', name, ttl: 300, data })) };
};

function config(port: number, server: NameServer): object {
  return {
    log: { loglevel: 'warning' },
    dns: {
      servers: [{ address: '127.0.0.1', port: server.port }],
      hosts: { 'host.test': '127.0.0.5', 'alias.test': 'a.test', 'domain:below.test': '127.0.0.6' },
    },
    inbounds: [
      {
        protocol: 'dokodemo-door',
        listen: '127.0.0.1',
        port,
        settings: { address: '127.0.0.1', port: server.port, network: 'tcp,udp' },
      },
    ],
    outbounds: [{ protocol: 'dns', tag: 'dns-out' }],
  };
}

interface Dug {
  readonly status: string;
  /** Sorted. */
  readonly answers: readonly string[];
  readonly ttl: number;
}

async function dig(port: number, name: string, type: string, ...options: readonly string[]): Promise<Dug> {
  const args = ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=10', '+noall', '+comments', '+answer'];
  const { output: stdout } = await runChild('dig', [...args, ...options, name, type]);
  const status = /status: (\w+)/.exec(stdout)?.[1] ?? stdout;
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  const fields = lines.map((line) => line.split(/\s+/));
  return {
    status,
    answers: fields.map((each) => each.slice(4).join(' ')).sort(),
    ttl: Number(fields[0]?.[1] ?? 0),
  };
}

describe('the dns outbound', { skip: skipWithout('dig') }, () => {
  let server: NameServer;
  let tsray: Tsray;
  let port = 0;

  before(async () => {
    server = await startNameServer(answering);
    [port = 0] = await freePorts(1);
    tsray = await startTsray(config(port, server));
  });

  after(async () => {
    await tsray.close();
    await server.close();
  });

  test('answers over UDP and TCP, with the lifetime that is left', async () => {
    for (const options of [[], ['+tcp'], ['+noedns'], ['+dnssec']]) {
      const { answers, status, ttl } = await dig(port, 'a.test', 'A', ...options);
      assert.deepEqual([status, answers], ['NOERROR', ['127.0.0.7']]);
      assert.ok(ttl > 200 && ttl <= 300, String(ttl));
    }
    assert.deepEqual((await dig(port, 'a.test', 'AAAA')).answers, ['::1']);
    // Once for each family.
    assert.equal(server.asked.filter((line) => line.startsWith('a.test')).length, 2);
  });

  test('says what the server said of names that are missing or broken', async () => {
    assert.equal((await dig(port, 'missing.test', 'A')).status, 'NXDOMAIN');
    assert.equal((await dig(port, 'broken.test', 'A')).status, 'SERVFAIL');
  });

  test('sends other questions on', async () => {
    assert.deepEqual((await dig(port, 'a.test', 'TXT')).answers, ['"text"']);
    assert.deepEqual((await dig(port, 'a.test', 'TXT', '+tcp', '+retry=0')).status.length > 0, true);
    assert.equal((await dig(port, 'a.test', 'HTTPS')).status, 'NOERROR');
  });

  test('sends a client to TCP for an answer that does not fit', async () => {
    assert.deepEqual((await dig(port, 'many.test', 'A', '+noedns')).answers, [...many].sort());
    const cut = await runChild('dig', [
      '@127.0.0.1',
      '-p',
      String(port),
      '+noedns',
      '+ignore',
      'many.test',
      'A',
    ]);
    assert.match(cut.output, /flags:[^;]* tc/);
    assert.deepEqual((await dig(port, 'many.test', 'A', '+bufsize=1232')).answers, [...many].sort());
  });

  describe('beside V2Ray 4.34', { skip: skipWithout('v2ray') }, () => {
    let v2ray: V2ray;
    let other = 0;

    before(async () => {
      [other = 0] = await freePorts(1);
      v2ray = await startV2ray(config(other, server));
    });

    after(() => v2ray.close());

    test('gives the same answers', async () => {
      for (const [name, type] of [
        ['a.test', 'A'],
        ['b.test', 'AAAA'],
        ['host.test', 'A'],
        ['alias.test', 'A'],
        ['x.below.test', 'A'],
        ['below.test', 'A'],
        ['missing.test', 'A'],
        ['c.test', 'TXT'],
      ] as const) {
        const [ours, theirs] = await Promise.all([dig(port, name, type), dig(other, name, type)]);
        assert.deepEqual([ours.status, ours.answers], [theirs.status, theirs.answers], `${name} ${type}`);
      }
    });
  });
});
