/** UDP with one address for all: a client's socket behind SOCKS, two servers it talks to, and a third that nobody asked. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { freedomOutbound, socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { type Association, socksAssociate } from '../helper/socks-client.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

/** A UDP server that answers with the port it was written from. */
interface Witness {
  readonly socket: Socket;
  readonly port: number;
}

async function startWitness(): Promise<Witness> {
  const socket = createSocket('udp4');
  socket.on('message', (_message, remote) => socket.send(String(remote.port), remote.port, remote.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

interface Case {
  readonly name: string;
  readonly packetEncoding?: string;
  readonly mux?: object;
  readonly fullCone: boolean;
}

const cases: readonly Case[] = [
  { name: 'plain', fullCone: false },
  { name: 'plain in mux', mux: { enabled: true }, fullCone: false },
  { name: 'xudp', packetEncoding: 'xudp', fullCone: true },
  { name: 'xudp in mux', packetEncoding: 'xudp', mux: { enabled: true }, fullCone: true },
  {
    name: 'xudp in a mux of its own',
    packetEncoding: 'xudp',
    mux: { enabled: true, concurrency: -1, xudpConcurrency: 4 },
    fullCone: true,
  },
  {
    name: 'xudp beside mux',
    packetEncoding: 'xudp',
    mux: { enabled: true, xudpConcurrency: -1 },
    fullCone: true,
  },
  { name: 'packetaddr', packetEncoding: 'packetaddr', fullCone: true },
  { name: 'packetaddr in mux', packetEncoding: 'packetaddr', mux: { enabled: true }, fullCone: true },
  { name: 'packetaddr-stream', packetEncoding: 'packetaddr-stream', fullCone: true },
  {
    name: 'packetaddr-stream in mux',
    packetEncoding: 'packetaddr-stream',
    mux: { enabled: true },
    fullCone: true,
  },
];

async function ask(association: Association, witness: Witness): Promise<string> {
  association.send({ host: '127.0.0.1', port: witness.port }, Buffer.from('who am I?'));
  const { host, port, data } = await association.receiveFrom();
  assert.equal(`${host}:${port}`, `127.0.0.1:${witness.port}`);
  return data.toString();
}

async function judge(socksPort: number, witnesses: readonly Witness[], fullCone: boolean): Promise<void> {
  const [first, second, third] = witnesses as [Witness, Witness, Witness];
  const association = await socksAssociate(socksPort);
  try {
    const seenByFirst = await ask(association, first);
    const seenBySecond = await ask(association, second);
    assert.equal(await ask(association, first), seenByFirst);
    assert.equal(seenByFirst === seenBySecond, fullCone);
    if (!fullCone) return;
    third.socket.send('unasked', Number(seenByFirst), '127.0.0.1');
    const { port, data } = await association.receiveFrom();
    assert.equal(port, third.port);
    assert.equal(data.toString(), 'unasked');
    // And it can be answered.
    assert.equal(await ask(association, third), seenByFirst);
  } finally {
    association.close();
  }
}

describe('full cone', () => {
  let witnesses: readonly Witness[];
  let server: Tsray;

  before(async () => {
    witnesses = await Promise.all([startWitness(), startWitness(), startWitness()]);
    server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
  });
  after(async () => {
    await server.close();
    for (const { socket } of witnesses) socket.close();
  });

  test('freedom', async () => {
    const proxy = await startTsray({ inbounds: [socksInbound(0)], outbounds: [freedomOutbound] });
    try {
      await judge(proxy.port('socks'), witnesses, true);
    } finally {
      await proxy.close();
    }
  });

  test('an upstream SOCKS server', async () => {
    const upstream = await startTsray({ inbounds: [socksInbound(0)], outbounds: [freedomOutbound] });
    const servers = [{ address: '127.0.0.1', port: upstream.port('socks') }];
    const proxy = await startTsray({
      inbounds: [socksInbound(0)],
      outbounds: [{ protocol: 'socks', settings: { servers } }],
    });
    try {
      await judge(proxy.port('socks'), witnesses, true);
    } finally {
      await proxy.close();
      await upstream.close();
    }
  });

  for (const { name, packetEncoding, mux, fullCone } of cases) {
    test(`${name}: ${fullCone ? 'full cone' : 'an address for each destination'}`, async () => {
      const plain = vmessOutbound(server.port('vmess'), 'aead', 'aes-128-gcm') as {
        readonly settings: object;
      };
      const settings = { ...plain.settings, ...(packetEncoding === undefined ? {} : { packetEncoding }) };
      const client = await startTsray({
        inbounds: [socksInbound(0)],
        outbounds: [{ ...plain, settings, ...(mux === undefined ? {} : { mux }) }],
      });
      try {
        await judge(client.port('socks'), witnesses, fullCone);
      } finally {
        await client.close();
      }
    });
  }

  for (const mux of [false, true]) {
    test(`v2ray-core 5's packetEncoding of SOCKS inbounds, beside one without${mux ? ', in mux' : ''}`, async () => {
      const inbound = (tag: string, packetEncoding: string): object => {
        const plain = socksInbound(0, tag) as { readonly settings: object };
        return { ...plain, settings: { ...plain.settings, packetEncoding } };
      };
      const client = await startTsray({
        inbounds: [inbound('none', 'None'), inbound('packet', 'Packet'), inbound('stream', 'Stream')],
        outbounds: [
          { ...vmessOutbound(server.port('vmess'), 'aead', 'aes-128-gcm'), mux: { enabled: mux } },
          freedomOutbound,
        ],
      });
      try {
        for (const tag of ['none', 'packet', 'none', 'stream', 'packet']) {
          await judge(client.port(tag), witnesses, tag !== 'none');
        }
      } finally {
        await client.close();
      }
    });
  }

  test("an outbound's own form goes before that of the inbound, and freedom needs none", async () => {
    const plain = socksInbound(0) as { readonly settings: object };
    const inbounds = [{ ...plain, settings: { ...plain.settings, packetEncoding: 'Packet' } }];
    const own = vmessOutbound(server.port('vmess'), 'aead', 'auto') as { readonly settings: object };
    for (const outbound of [
      freedomOutbound,
      { ...own, settings: { ...own.settings, packetEncoding: 'xudp' } },
    ]) {
      const client = await startTsray({ inbounds, outbounds: [outbound] });
      try {
        await judge(client.port('socks'), witnesses, true);
      } finally {
        await client.close();
      }
    }
  });

  test('one hop more: what comes as XUDP goes on as packetaddr, with mux on the way', async () => {
    const far = vmessOutbound(server.port('vmess'), 'aead', 'aes-128-gcm') as { readonly settings: object };
    const middle = await startTsray({
      inbounds: [vmessInbound(0)],
      outbounds: [
        { ...far, settings: { ...far.settings, packetEncoding: 'packetaddr' }, mux: { enabled: true } },
      ],
    });
    const near = vmessOutbound(middle.port('vmess'), 'aead', 'aes-128-gcm') as { readonly settings: object };
    const client = await startTsray({
      inbounds: [socksInbound(0)],
      outbounds: [{ ...near, settings: { ...near.settings, packetEncoding: 'xudp' } }],
    });
    try {
      await judge(client.port('socks'), witnesses, true);
    } finally {
      await client.close();
      await middle.close();
    }
  });
});
