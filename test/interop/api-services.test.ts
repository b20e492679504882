/** StatsService beyond counters, RoutingService, ObservatoryService and LoggerService, with @grpc/grpc-js. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeMessage, encodeMessage, type Message, type MessageType } from '../../src/app/api/message.js';
import { statsMethods } from '../../src/app/api/stats-service.js';
import { Counters } from '../../src/app/stats/counters.js';
import { OnlineUsers } from '../../src/app/stats/online.js';
import { callApi, callRaw } from '../helper/grpc.js';
import { freePorts } from '../helper/ports.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

const families = ['v2ray.core', 'xray'] as const;
const context: MessageType = {
  inboundTag: { number: 1, type: 'string' },
  network: { number: 2, type: 'number' },
  targetIps: { number: 4, type: 'bytes', repeated: true },
  targetPort: { number: 6, type: 'number' },
  targetDomain: { number: 7, type: 'string' },
  user: { number: 9, type: 'string' },
  outboundTag: { number: 12, type: 'string' },
};
const testing: MessageType = {
  context: { number: 1, type: context },
  selectors: { number: 2, type: 'string', repeated: true },
};
const balancer: MessageType = {
  balancer: {
    number: 1,
    type: {
      override: { number: 5, type: { target: { number: 2, type: 'string' } } },
      principle: { number: 6, type: { tag: { number: 1, type: 'string', repeated: true } } },
    },
  },
};

describe('services of the API', { timeout: 30_000 }, () => {
  let server: Tsray;
  let address: string;
  const folder = mkdtempSync(join(tmpdir(), 'tsray-api-'));
  const log = join(folder, 'error.log');

  before(async () => {
    const [port = 0] = await freePorts(1);
    address = `127.0.0.1:${port}`;
    server = await startTsray({
      log: { error: log, loglevel: 'warning' },
      api: {
        tag: 'api',
        services: ['RoutingService', 'ObservatoryService', 'LoggerService', 'StatsService'],
        listen: address,
      },
      inbounds: [],
      outbounds: [
        { tag: 'direct', protocol: 'freedom' },
        { tag: 'b-one', protocol: 'blackhole' },
        { tag: 'b-two', protocol: 'blackhole' },
      ],
      routing: {
        balancers: [{ tag: 'bal', selector: ['b-'] }],
        rules: [
          {
            type: 'field',
            domain: ['full:a.example'],
            user: ['alice'],
            outboundTag: 'b-two',
            ruleTag: 'mine',
          },
          { type: 'field', ip: ['127.0.0.9'], balancerTag: 'bal' },
        ],
      },
    });
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const route = (family: string, request: Message): Promise<Message> =>
    callApi(address, `/${family}.app.router.command.RoutingService/TestRoute`, testing, request, context);

  test('a route is tested by the rules', async () => {
    for (const family of families) {
      const asked = {
        inboundTag: 'in',
        network: 2,
        targetDomain: 'a.example',
        targetPort: 443,
        user: 'alice',
      };
      const told = await route(family, { context: asked });
      assert.deepEqual([told['outboundTag'], told['targetDomain']], ['b-two', 'a.example']);
      const some = await route(family, { context: asked, selectors: ['outbound'] });
      assert.deepEqual([some['outboundTag'], some['targetDomain']], ['b-two', '']);
      await assert.rejects(route(family, { context: { ...asked, user: 'bob' } }), {
        code: 2,
        details: /not enough information for making a decision$/,
      });
      await assert.rejects(route(family, {}), {
        details: /app\/router\/command: Invalid routing request\.$/,
      });
      const path = `/${family}.app.router.command.RoutingService`;
      await assert.rejects(callRaw(address, `${path}/SubscribeRoutingStats`, Buffer.alloc(0)), {
        code: 2,
        details: 'Routing statistics not enabled.',
      });
    }
  });

  test('a balancer is held to one outbound, and let go', async () => {
    const path = '/xray.app.router.command.RoutingService';
    const tagged: MessageType = { tag: { number: 1, type: 'string' } };
    const info = (): Promise<Message> =>
      callApi(address, `${path}/GetBalancerInfo`, tagged, { tag: 'bal' }, balancer);
    const hold: MessageType = { tag: { number: 1, type: 'string' }, target: { number: 2, type: 'string' } };
    const holdTo = (target: string, tag = 'bal'): Promise<Message> =>
      callApi(address, `${path}/OverrideBalancerTarget`, hold, { tag, target });
    const principle = { tag: ['b-one', 'b-two'] };
    assert.deepEqual(await info(), { balancer: { override: undefined, principle } });
    await holdTo('direct');
    assert.deepEqual(await info(), { balancer: { override: { target: 'direct' }, principle } });
    const asked = { network: 2, targetIps: [Buffer.of(127, 0, 0, 9)], targetPort: 80 };
    assert.equal((await route('xray', { context: asked }))['outboundTag'], 'direct');
    await holdTo('');
    assert.match(String((await route('xray', { context: asked }))['outboundTag']), /^b-/);
    await assert.rejects(holdTo('direct', 'none'), { details: 'app/router: cannot find tag' });
    const rule: MessageType = { tag: { number: 1, type: 'string' }, ruleTag: { number: 2, type: 'string' } };
    const rules: MessageType = { rules: { number: 1, type: rule, repeated: true } };
    const listed = await callApi(address, `${path}/ListRule`, {}, {}, rules);
    assert.deepEqual((listed['rules'] as readonly Message[])[0], { tag: 'b-two', ruleTag: 'mine' });
  });

  test('the log is opened anew, and an observatory that is not there says so', async () => {
    renameSync(log, `${log}.1`);
    await callRaw(address, '/v2ray.core.app.log.command.LoggerService/RestartLogger', Buffer.alloc(0));
    assert.ok(existsSync(log));
    const path = 'core.app.observatory.command.ObservatoryService/GetOutboundStatus';
    for (const family of ['v2ray', 'xray']) {
      await assert.rejects(callRaw(address, `/${family}.${path}`, Buffer.alloc(0)), { code: 2 });
    }
  });

  test('an empty stream of bytes to any service leaves it alive', async () => {
    const [host = '', port] = address.split(':');
    const socket = connect(Number(port), host);
    await new Promise((resolve) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('GET / HTTP/1.1\r\n\r\n')
        .once('close', resolve),
    );
    await callRaw(address, '/xray.app.stats.command.StatsService/GetSysStats', Buffer.alloc(0));
  });
});

const stat: MessageType = { name: { number: 1, type: 'string' }, value: { number: 2, type: 'number' } };
const stats: MessageType = { stat: { number: 1, type: stat, repeated: true } };

test('counters by regular expression; users online with addresses and bytes', async () => {
  const counters = new Counters();
  const online = new OnlineUsers();
  for (const name of ['user>>>a>>>traffic>>>uplink', 'user>>>b>>>traffic>>>uplink'])
    counters.counter(name).value = 7;
  const methods = statsMethods({ counters, online });
  const ask = async (method: string, request: Message): Promise<Buffer> => {
    const found = methods[method];
    assert.ok(found !== undefined && 'answer' in found);
    return Buffer.concat([...(await found.answer(request, '/xray.x/y'))]);
  };
  const query = async (patterns: readonly string[]): Promise<unknown> =>
    decodeMessage(stats, await ask('QueryStats', { pattern: '', patterns, regexp: true, reset: false }))[
      'stat'
    ];
  assert.deepEqual(await query(['^user>>>[b-c]>>>']), [{ name: 'user>>>b>>>traffic>>>uplink', value: 7 }]);
  await assert.rejects(query(['(']), { code: 2 });
  online.joined('a', '192.0.2.1', 1_000);
  const user: MessageType = {
    email: { number: 1, type: 'string' },
    ips: {
      number: 2,
      type: { ip: { number: 1, type: 'string' }, seen: { number: 2, type: 'number' } },
      repeated: true,
    },
    traffic: { number: 3, type: { uplink: { number: 1, type: 'number' } } },
  };
  const users: MessageType = { users: { number: 1, type: user, repeated: true } };
  assert.deepEqual(decodeMessage(users, await ask('GetUsersStats', { withTraffic: true, reset: true })), {
    users: [{ email: 'a', ips: [{ ip: '192.0.2.1', seen: 1_000 }], traffic: { uplink: 7 } }],
  });
  assert.equal(counters.get('user>>>a>>>traffic>>>uplink')?.value, 0);
});

test('200,000 counters are answered in slices of a thousand', async () => {
  const counters = new Counters();
  for (let index = 0; index < 200_000; index += 1)
    counters.counter(`user>>>${index}>>>traffic>>>uplink`).value = 1;
  const method = statsMethods({ counters, online: new OnlineUsers() })['QueryStats'];
  assert.ok(method !== undefined && 'answer' in method);
  const request = decodeMessage(method.request, encodeMessage(method.request, {}));
  const parts = [...(await method.answer(request, '/xray.x/y'))];
  assert.equal(parts.length, 201);
  const sizes = parts
    .map((part) => decodeMessage(stats, part)['stat'] as readonly Message[])
    .map(({ length }) => length);
  assert.equal(Math.max(...sizes), 1_000);
  assert.equal(
    sizes.reduce((sum, size) => sum + size),
    200_000,
  );
});
