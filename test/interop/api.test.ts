/** The gRPC API with stock clients: @grpc/grpc-js, and v2ctl of V2Ray 4.34. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { GrpcServer } from '../../src/app/api/grpc-server.js';
import { decodeMessage, encodeMessage, type Message, type MessageType } from '../../src/app/api/message.js';
import { freedomOutbound, users, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { type EchoServers, echoOn, startEchoServers } from '../helper/exchange.js';
import { payload } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { socksAssociate, socksConnect } from '../helper/socks-client.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

const stat: MessageType = { name: { number: 1, type: 'string' }, value: { number: 2, type: 'number' } };
const stats: MessageType = { stat: { number: 1, type: stat, repeated: true } };
const request: MessageType = { pattern: { number: 1, type: 'string' }, reset: { number: 2, type: 'bool' } };

const v2rayStats = '/v2ray.core.app.stats.command.StatsService';
const xrayStats = '/xray.app.stats.command.StatsService';

function call(address: string, path: string, bytes: Buffer, token?: string): Promise<Buffer> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return new Promise<Buffer>((resolve, reject) => {
    const same = (value: Buffer): Buffer => value;
    client.makeUnaryRequest(
      path,
      same,
      same,
      bytes,
      metadata,
      { deadline: Date.now() + 5_000 },
      (error, answer) => {
        client.close();
        if (error !== null || answer === undefined) reject(error ?? new Error('no answer'));
        else resolve(answer);
      },
    );
  });
}

async function query(address: string, pattern: string, reset = false): Promise<Record<string, number>> {
  const bytes = await call(address, `${v2rayStats}/QueryStats`, encodeMessage(request, { pattern, reset }));
  const list = decodeMessage(stats, bytes)['stat'] as readonly Message[];
  return Object.fromEntries(list.map(({ name, value }) => [name as string, value as number]));
}

const counted = {
  stats: {},
  policy: {
    levels: { 0: { statsUserUplink: true, statsUserDownlink: true } },
    system: { statsInboundUplink: true, statsOutboundDownlink: true },
  },
};
const email = users.aead.email;

describe('statistics over the gRPC API', { timeout: 30_000 }, () => {
  let echo: EchoServers;
  let server: Tsray;
  let client: Tsray;
  let address: string;

  before(async () => {
    const [vmess = 0, door = 0, plain = 0, muxed = 0] = await freePorts(4);
    echo = await startEchoServers();
    server = await startTsray({
      ...counted,
      api: { tag: 'api', services: ['StatsService'] },
      inbounds: [
        vmessInbound(vmess),
        {
          tag: 'door',
          protocol: 'dokodemo-door',
          listen: '127.0.0.1',
          port: door,
          settings: { address: '127.0.0.1' },
        },
      ],
      outbounds: [freedomOutbound],
      routing: { rules: [{ type: 'field', inboundTag: ['door'], outboundTag: 'api' }] },
    });
    const socks = (port: number, tag: string): object => ({
      tag,
      protocol: 'socks',
      listen: '127.0.0.1',
      port,
      settings: { udp: true, ip: '127.0.0.1' },
    });
    client = await startTsray({
      inbounds: [socks(plain, 'plain'), socks(muxed, 'muxed')],
      outbounds: [
        vmessOutbound(vmess, 'aead', 'aes-128-gcm', 'one'),
        { ...vmessOutbound(vmess, 'aead', 'aes-128-gcm', 'many'), mux: { enabled: true, concurrency: 8 } },
      ],
      routing: { rules: [{ type: 'field', inboundTag: ['muxed'], outboundTag: 'many' }] },
    });
    address = `127.0.0.1:${door}`;
  });

  after(async () => {
    await client.close();
    await server.close();
    await echo.close();
  });

  test('bytes are counted to the byte while the connection lives: TCP, Mux and UDP', async () => {
    const target = { host: '127.0.0.1', port: echo.tcp.port };
    await query(address, '', true);
    let total = 0;
    for (const tag of ['plain', 'muxed']) {
      const socket = await socksConnect(client.port(tag), target);
      await echoOn(socket, payload(70_001));
      total += 70_001;
      assert.equal((await query(address, 'user>>>'))[`user>>>${email}>>>traffic>>>downlink`], total);
      assert.equal((await query(address, 'user>>>'))[`user>>>${email}>>>traffic>>>uplink`], total);
      socket.destroy();
      const association = await socksAssociate(client.port(tag));
      association.send({ host: '127.0.0.1', port: echo.udp.port }, payload(1_400));
      assert.equal((await association.receive()).length, 1_400);
      total += 1_400;
      assert.equal((await query(address, 'user>>>'))[`user>>>${email}>>>traffic>>>uplink`], total);
      association.close();
    }
    const all = await query(address, '');
    assert.equal(all['inbound>>>vmess>>>traffic>>>uplink'], total);
    assert.equal(all['outbound>>>direct>>>traffic>>>downlink'], total);
    assert.equal(all['outbound>>>direct>>>traffic>>>uplink'], undefined);
    assert.equal((await query(address, 'user>>>', true))[`user>>>${email}>>>traffic>>>uplink`], total);
    assert.equal((await query(address, 'user>>>'))[`user>>>${email}>>>traffic>>>uplink`], 0);
  });

  test('errors have the codes and texts that callers test for', async () => {
    const unknown = encodeMessage(request, { pattern: 'none' });
    await assert.rejects(call(address, `${v2rayStats}/GetStats`, unknown), {
      code: 2,
      details: 'v2ray.com/core/app/stats/command: none not found.',
    });
    await assert.rejects(call(address, `${xrayStats}/GetStats`, unknown), {
      code: 5,
      details: 'none not found.',
    });
    await assert.rejects(call(address, '/a.B/C', unknown), { code: 12, details: 'unknown service a.B' });
    await assert.rejects(call(address, `${v2rayStats}/QueryStats`, Buffer.of(0x0a, 9)), { code: 3 });
  });

  test('v2ctl of V2Ray reads them', { skip: skipWithout('v2ctl') }, async () => {
    const printed = await new Promise<string>((resolve, reject) => {
      const args = [
        'api',
        `--server=${address}`,
        'StatsService.QueryStats',
        'pattern: "inbound>>>door" reset: false',
      ];
      execFile('v2ctl', args, { timeout: 10_000 }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
    });
    assert.match(printed, /inbound>>>door>>>traffic>>>uplink/);
  });
});

test('a caller without a call is let go, and one beyond the bound is not taken', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const server = new GrpcServer(new Map());
  const [first, second] = [new PassThrough(), new PassThrough()];
  server.serve(first);
  context.mock.timers.tick(9_999);
  assert.equal(first.destroyed, false);
  context.mock.timers.tick(1);
  assert.equal(first.destroyed, true);
  const taken = Array.from({ length: 256 }, () => new PassThrough());
  for (const stream of taken) server.serve(stream);
  server.serve(second);
  assert.equal(second.destroyed, true);
  assert.ok(taken.every((stream) => !stream.destroyed));
  server.close();
});

test("on its own address a token is asked for; a Unix socket is its owner's alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-api-'));
  const path = join(folder, 'api.sock');
  const [port = 0] = await freePorts(1);
  const api = { tag: 'api', services: ['statsservice'] };
  const base = { ...counted, inbounds: [], outbounds: [freedomOutbound] };
  const tcp = await startTsray({ ...base, api: { ...api, listen: `127.0.0.1:${port}`, token: 'secret' } });
  const unix = await startTsray({ ...base, api: { ...api, listen: path } });
  try {
    const bytes = Buffer.alloc(0);
    const method = `${v2rayStats}/GetSysStats`;
    await assert.rejects(call(`127.0.0.1:${port}`, method, bytes), { code: 16 });
    await assert.rejects(call(`127.0.0.1:${port}`, method, bytes, 'secreT'), { code: 16 });
    assert.ok((await call(`127.0.0.1:${port}`, method, bytes, 'secret')).length > 0);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok((await call(`unix:${path}`, method, bytes)).length > 0);
    // The socket of a program that lives is not taken from it.
    await assert.rejects(startTsray({ ...base, api: { ...api, listen: path } }), { code: 'ERR_LISTEN' });
    assert.ok((await call(`unix:${path}`, method, bytes)).length > 0);
  } finally {
    await tcp.close();
    await unix.close();
    rmSync(folder, { recursive: true });
  }
});
