/** HandlerService with @grpc/grpc-js, and configurations in the protobuf that V2Ray's own v2ctl writes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { inboundJson } from '../../src/app/api/inbound-json.js';
import { decodeMessage, encodeMessage, type Message, type MessageType } from '../../src/app/api/message.js';
import { outboundJson } from '../../src/app/api/outbound-json.js';
import { typedMessage } from '../../src/app/api/typed.js';
import { parseConfigValue } from '../../src/config/parse-config.js';
import { echoOn, startEchoServers } from '../helper/exchange.js';
import { callApi, callRaw } from '../helper/grpc.js';
import { payload } from '../helper/payload.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsray } from '../helper/tsray.js';

const handlerConfig: MessageType = {
  tag: { number: 1, type: 'string' },
  receiver: { number: 2, type: typedMessage },
  proxy: { number: 3, type: typedMessage },
};
const senderConfig: MessageType = {
  tag: { number: 1, type: 'string' },
  sender: { number: 2, type: typedMessage },
  proxy: { number: 3, type: typedMessage },
};
const wholeConfig: MessageType = {
  inbounds: { number: 1, type: handlerConfig, repeated: true },
  outbounds: { number: 2, type: senderConfig, repeated: true },
};
const tagged: MessageType = { tag: { number: 1, type: 'string' } };

/** In the form of V2Ray 4, of V2Ray 5 (Any) or of Xray. */
type Family = 'v2ray.core' | 'types.v2fly.org/v2ray.core' | 'xray';

function typed(family: Family, name: string, value: Uint8Array): Message {
  return { type: `${family}.${name}`, value };
}

function servicePath(family: Family, method: string): string {
  const service = family === 'xray' ? 'xray' : 'v2ray.core';
  return `/${service}.app.proxyman.command.HandlerService/${method}`;
}

const newId = 'b831381d-6324-4d53-ad4f-8cda48b30811';

const everything = {
  inbounds: [
    {
      tag: 'ws',
      protocol: 'vmess',
      port: '1000-1002',
      listen: '127.0.0.1',
      allocate: { strategy: 'random', concurrency: 2, refresh: 3 },
      sniffing: { enabled: true, destOverride: ['http', 'tls'] },
      settings: {
        clients: [{ id: newId, alterId: 4, email: 'a@b', level: 1 }],
        disableInsecureEncryption: true,
        default: { level: 1, alterId: 2 },
      },
      streamSettings: {
        network: 'ws',
        wsSettings: { path: '/x', headers: { Host: 'h' } },
        sockopt: { mark: 3, tcpFastOpen: true },
      },
    },
    {
      tag: 'socks',
      protocol: 'socks',
      port: 1003,
      listen: '::1',
      settings: {
        auth: 'password',
        accounts: [{ user: 'u', pass: 'p' }],
        udp: true,
        ip: '127.0.0.1',
        userLevel: 3,
      },
    },
    {
      tag: 'http',
      protocol: 'http',
      port: 1004,
      settings: { timeout: 5, accounts: [{ user: 'u', pass: 'p' }], allowTransparent: true, userLevel: 2 },
    },
    {
      tag: 'door',
      protocol: 'dokodemo-door',
      port: 1005,
      settings: { address: '127.0.0.2', port: 80, network: 'tcp,udp', timeout: 4, userLevel: 2 },
    },
    {
      tag: 'kcp',
      protocol: 'vmess',
      port: 1006,
      settings: { clients: [] },
      streamSettings: {
        network: 'kcp',
        kcpSettings: {
          mtu: 1300,
          tti: 30,
          uplinkCapacity: 4,
          downlinkCapacity: 5,
          congestion: true,
          readBufferSize: 3,
          writeBufferSize: 4,
          header: { type: 'srtp' },
          seed: 'abc',
        },
      },
    },
    {
      tag: 'tcp',
      protocol: 'vmess',
      port: 1008,
      settings: { clients: [] },
      streamSettings: { network: 'tcp', tcpSettings: { header: { type: 'none' } } },
    },
  ],
  outbounds: [
    {
      tag: 'vmess',
      protocol: 'vmess',
      sendThrough: '127.0.0.3',
      mux: { enabled: true, concurrency: 4 },
      proxySettings: { tag: 'direct' },
      settings: {
        vnext: [
          {
            address: '127.0.0.1',
            port: 80,
            users: [{ id: newId, alterId: 4, security: 'chacha20-poly1305', level: 1 }],
          },
        ],
      },
    },
    {
      tag: 'direct',
      protocol: 'freedom',
      settings: { domainStrategy: 'UseIP', redirect: '127.0.0.1:99', userLevel: 1 },
    },
    { tag: 'hole', protocol: 'blackhole', settings: { response: { type: 'http' } } },
    {
      tag: 'up-socks',
      protocol: 'socks',
      settings: {
        servers: [{ address: 'localhost', port: 80, users: [{ user: 'u', pass: 'p', level: 1 }] }],
      },
    },
    {
      tag: 'up-http',
      protocol: 'http',
      settings: { servers: [{ address: '127.0.0.1', port: 80, users: [{ user: 'u', pass: 'p' }] }] },
    },
  ],
};

/** The configuration's protobuf, by V2Ray's own program. */
function protobufOf(config: object): {
  readonly inbounds: readonly Message[];
  readonly outbounds: readonly Message[];
} {
  const bytes = execFileSync('v2ctl', ['config', 'stdin:'], {
    input: JSON.stringify(config),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return decodeMessage(wholeConfig, bytes) as ReturnType<typeof protobufOf>;
}

test('what V2Ray makes of a configuration is read as what the configuration says', {
  skip: skipWithout('v2ctl'),
}, () => {
  const { inbounds, outbounds } = protobufOf(everything);
  const read = { inbounds: inbounds.map(inboundJson), outbounds: outbounds.map(outboundJson) };
  const [given, decoded] = [everything, read].map((config) => parseConfigValue(config));
  assert.deepEqual(decoded?.errors, []);
  assert.deepEqual(decoded?.settings, given?.settings);
});

test('inbounds and outbounds come and go', { skip: skipWithout('v2ctl'), timeout: 30_000 }, async () => {
  const [api = 0, door = 0] = await freePorts(2);
  const echo = await startEchoServers();
  const address = `127.0.0.1:${api}`;
  const server = await startTsray({
    api: { tag: 'api', services: ['HandlerService'], listen: address },
    inbounds: [],
    outbounds: [{ protocol: 'blackhole', tag: 'hole' }],
    routing: { rules: [{ type: 'field', inboundTag: ['door'], outboundTag: 'later' }] },
  });
  const path = (method: string): string => servicePath('v2ray.core', method);
  let socket: Socket | undefined;
  try {
    const { inbounds, outbounds } = protobufOf({
      inbounds: [
        {
          tag: 'door',
          protocol: 'dokodemo-door',
          listen: '127.0.0.1',
          port: door,
          settings: { address: '127.0.0.1', port: echo.tcp.port, network: 'tcp' },
        },
      ],
      outbounds: [{ tag: 'later', protocol: 'freedom' }],
    });
    const inbound = { inbound: { number: 1, type: handlerConfig } } as const;
    const outbound = { outbound: { number: 1, type: senderConfig } } as const;
    await callApi(address, path('AddOutbound'), outbound, { outbound: outbounds[0] });
    await callApi(address, path('AddInbound'), inbound, { inbound: inbounds[0] });
    socket = connect(door, '127.0.0.1');
    await echoOn(socket, payload(10_000));
    await assert.rejects(callApi(address, path('AddInbound'), inbound, { inbound: inbounds[0] }), {
      details: 'v2ray.com/core/app/proxyman/inbound: existing tag found: door',
    });
    await assert.rejects(
      callApi(address, path('AddInbound'), inbound, { inbound: { ...inbounds[0], tag: 'other' } }),
      { code: 2, details: /address already in use/ },
    );
    const listed = { inbounds: { number: 1, type: tagged, repeated: true } } as const;
    assert.deepEqual(await callApi(address, path('ListInbounds'), {}, {}, listed), {
      inbounds: [{ tag: 'door' }],
    });
    await callApi(address, path('RemoveInbound'), tagged, { tag: 'door' });
    await echoOn(socket, payload(100));
    await callApi(address, path('RemoveOutbound'), tagged, { tag: 'later' });
    await callApi(address, path('AddInbound'), inbound, { inbound: inbounds[0] });
    assert.deepEqual(
      server.instance.settings.outbounds.map(({ tag }) => tag),
      ['hole'],
    );
    for (const method of ['AddInbound', 'AddOutbound', 'AlterInbound', 'AlterOutbound']) {
      await assert.rejects(callRaw(address, path(method), Buffer.alloc(0)), { code: 3 }, method);
      await assert.rejects(callRaw(address, path(method), Buffer.of(0x0a, 9)), { code: 3 }, method);
    }
    const tagOnly = encodeMessage({ inbound: { number: 1, type: tagged } }, { inbound: { tag: 'a' } });
    await assert.rejects(callRaw(address, path('AddInbound'), tagOnly), { code: 3 });
    // What tsray lacks is refused by name.
    const unknown = typed('xray', 'proxy.vless.inbound.Config', Buffer.alloc(0));
    await assert.rejects(
      callApi(address, path('AddInbound'), inbound, {
        inbound: { ...inbounds[0], tag: 'v', proxy: unknown },
      }),
      {
        details:
          'v2ray.com/core/app/proxyman: a proxy of type xray.proxy.vless.inbound.Config is not supported',
      },
    );
  } finally {
    socket?.destroy();
    await server.close();
    await echo.close();
  }
});
