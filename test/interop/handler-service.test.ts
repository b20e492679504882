/** HandlerService with a stock client: users come and go while the server runs, and removal means removal. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { decodeMessage, encodeMessage, type Message, type MessageType } from '../../src/app/api/message.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { defaultCrypto } from '../../src/crypto/index.js';
import { eventually } from '../helper/eventually.js';
import { freePorts } from '../helper/ports.js';
import { readExactly, socksConnect } from '../helper/socks-client.js';
import { startEcho, type TestServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

const typed: MessageType = { type: { number: 1, type: 'string' }, value: { number: 2, type: 'bytes' } };
const alter: MessageType = { tag: { number: 1, type: 'string' }, operation: { number: 2, type: typed } };
const account: MessageType = { id: { number: 1, type: 'string' }, alterId: { number: 2, type: 'number' } };
const user: MessageType = {
  level: { number: 1, type: 'number' },
  email: { number: 2, type: 'string' },
  account: { number: 3, type: typed },
};
const wrapped: MessageType = { user: { number: 1, type: user } };
const named: MessageType = { tag: { number: 1, type: 'string' }, email: { number: 2, type: 'string' } };
const emailOnly: MessageType = { email: { number: 1, type: 'string' } };
const userList: MessageType = { users: { number: 1, type: user, repeated: true } };
const countOf: MessageType = { count: { number: 1, type: 'number' } };
const handlers: MessageType = { list: { number: 1, type: named, repeated: true } };

/** How each family names its types: V2Ray 4.34, v2ray 5, Xray. */
const families = [
  { name: 'V2Ray 4.34', service: 'v2ray.core', types: 'v2ray.core.' },
  { name: 'v2ray 5', service: 'v2ray.core', types: 'types.v2fly.org/v2ray.core.' },
  { name: 'Xray', service: 'xray', types: 'xray.' },
] as const;

type Family = (typeof families)[number];

function call(address: string, path: string, bytes: Buffer): Promise<Buffer> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  return new Promise<Buffer>((resolve, reject) => {
    const same = (value: Buffer): Buffer => value;
    const deadline = Date.now() + 5_000;
    client.makeUnaryRequest(path, same, same, bytes, new grpc.Metadata(), { deadline }, (error, answer) => {
      client.close();
      if (error !== null || answer === undefined) reject(error ?? new Error('no answer'));
      else resolve(answer);
    });
  });
}

const id = (n: number): string => `a3482e88-686a-4a58-8126-99c9df64b${String(n).padStart(3, '0')}`;

for (const workers of [undefined, 2]) {
  const skip = workers !== undefined && defaultCrypto().addon === undefined ? 'no addon' : false;
  describe(`HandlerService with ${workers ?? 1} threads`, { skip, timeout: 60_000 }, () => {
    let echo: TestServer;
    let server: Tsray;
    let address: string;
    let vmessPort: number;
    let config: object;

    before(async () => {
      const [apiPort = 0, port = 0, httpPort = 0] = await freePorts(3);
      vmessPort = port;
      address = `127.0.0.1:${apiPort}`;
      echo = await startEcho();
      config = {
        ...(workers === undefined ? {} : { workers }),
        api: { tag: 'api', services: ['HandlerService'], listen: address },
        policy: { levels: { 0: { handshake: 1 } } },
        inbounds: [
          {
            protocol: 'vmess',
            tag: 'in',
            listen: '127.0.0.1',
            port,
            settings: { clients: [{ id: id(1), email: 'first@x' }] },
          },
          { protocol: 'http', tag: 'web', listen: '127.0.0.1', port: httpPort },
        ],
        outbounds: [
          { protocol: 'freedom', tag: 'direct' },
          { protocol: 'blackhole', tag: 'block' },
        ],
      };
      server = await startTsray(config);
    });
    after(async () => {
      await server.close();
      await echo.close();
    });

    const service = ({ service: family }: Family, method: string): string =>
      `/${family}.app.proxyman.command.HandlerService/${method}`;

    function addUser(family: Family, tag: string, email: string, userId: string, level = 0): Promise<Buffer> {
      const value = encodeMessage(wrapped, {
        user: {
          level,
          email,
          account: {
            type: `${family.types}proxy.vmess.Account`,
            value: encodeMessage(account, { id: userId, alterId: 0 }),
          },
        },
      });
      const operation = { type: `${family.types}app.proxyman.command.AddUserOperation`, value };
      return call(address, service(family, 'AlterInbound'), encodeMessage(alter, { tag, operation }));
    }

    function removeUser(family: Family, tag: string, email: string): Promise<Buffer> {
      const operation = {
        type: `${family.types}app.proxyman.command.RemoveUserOperation`,
        value: encodeMessage(emailOnly, { email }),
      };
      return call(address, service(family, 'AlterInbound'), encodeMessage(alter, { tag, operation }));
    }

    async function emails(family: Family): Promise<readonly string[]> {
      const bytes = await call(
        address,
        service(family, 'GetInboundUsers'),
        encodeMessage(named, { tag: 'in', email: '' }),
      );
      return (decodeMessage(userList, bytes)['users'] as readonly Message[]).map(
        ({ email }) => email as string,
      );
    }

    async function withClient(n: number, use: (socksPort: number) => Promise<void>): Promise<void> {
      const client = await startTsray({
        inbounds: [{ protocol: 'socks', tag: 'socks', listen: '127.0.0.1', port: 0 }],
        outbounds: [
          {
            protocol: 'vmess',
            settings: { vnext: [{ address: '127.0.0.1', port: vmessPort, users: [{ id: id(n) }] }] },
          },
        ],
      });
      try {
        await use(client.port('socks'));
      } finally {
        await client.close();
      }
    }

    for (const family of families) {
      test(`${family.name}: a user is added, served, removed, and what they have open ends`, async () => {
        await addUser(family, 'in', 'new@x', id(7), 3);
        assert.deepEqual(await emails(family), ['first@x', 'new@x']);
        await withClient(7, async (socksPort) => {
          const socket = await socksConnect(socksPort, { host: '127.0.0.1', port: echo.port });
          socket.on('error', () => undefined);
          socket.write('hello');
          assert.equal(String(await readExactly(socket, 5)), 'hello');
          await eventually('it is listed', () =>
            [...server.instance.connections.list()].some(({ context }) => context.user?.level === 3),
          );
          const closed = new Promise((resolve) => socket.once('close', resolve));
          await removeUser(family, 'in', 'NEW@x');
          assert.deepEqual(await emails(family), ['first@x']);
          await closed;
        });
      });

      test(`${family.name}: who comes back within a second keeps what they have`, async () => {
        await addUser(family, 'in', 'back@x', id(8));
        await withClient(8, async (socksPort) => {
          const socket = await socksConnect(socksPort, { host: '127.0.0.1', port: echo.port });
          socket.on('error', () => undefined);
          socket.write('hello');
          assert.equal(String(await readExactly(socket, 5)), 'hello');
          await removeUser(family, 'in', 'back@x');
          await addUser(family, 'in', 'back@x', id(8));
          // Another user's removal is over when this one's would have been.
          await addUser(family, 'in', 'other@x', id(9));
          await withClient(9, async (otherPort) => {
            const other = await socksConnect(otherPort, { host: '127.0.0.1', port: echo.port });
            other.on('error', () => undefined);
            other.write('hello');
            await readExactly(other, 5);
            const closed = new Promise((resolve) => other.once('close', resolve));
            await removeUser(family, 'in', 'other@x');
            await closed;
          });
          socket.write('again');
          assert.equal(String(await readExactly(socket, 5)), 'again');
          socket.destroy();
        });
        await removeUser(family, 'in', 'back@x');
      });

      test(`${family.name}: the texts that callers test for`, async () => {
        const prefix = family.service === 'xray' ? '' : 'v2ray.com/core/';
        const rows: readonly (readonly [Promise<Buffer>, string])[] = [
          [
            addUser(family, 'in', 'First@x', id(5)),
            `${prefix}proxy/vmess/inbound: User First@x already exists.`,
          ],
          [removeUser(family, 'in', 'no@x'), `${prefix}proxy/vmess/inbound: User no@x not found.`],
          [removeUser(family, 'in', ''), `${prefix}proxy/vmess/inbound: Email must not be empty.`],
          [
            removeUser(family, 'nowhere', 'a@x'),
            `${prefix}app/proxyman/command: failed to get handler: nowhere > ${prefix}app/proxyman/inbound: handler not found: nowhere`,
          ],
          [addUser(family, 'web', 'a@x', id(5)), `${prefix}app/proxyman/command: proxy is not a UserManager`],
          [
            addUser(family, 'in', 'a@x', ''),
            `${prefix}app/proxyman/command: failed to parse user > ${prefix}proxy/vmess: failed to parse ID > invalid UUID: `,
          ],
        ];
        for (const [answer, details] of rows) await assert.rejects(answer, { code: 2, details });
        for (const bytes of [Buffer.alloc(0), Buffer.from([0xff])]) {
          await assert.rejects(call(address, service(family, 'AlterInbound'), bytes), { code: 3 });
        }
      });
    }

    test('counts, lists, and removal of handlers', async () => {
      const [family] = families;
      const count = await call(
        address,
        service(family, 'GetInboundUsersCount'),
        encodeMessage(named, { tag: 'in', email: '' }),
      );
      assert.equal(decodeMessage(countOf, count)['count'], 1);
      const list = async (method: string): Promise<readonly string[]> => {
        const bytes = await call(address, service(family, method), Buffer.alloc(0));
        return (decodeMessage(handlers, bytes)['list'] as readonly Message[]).map(({ tag }) => tag as string);
      };
      assert.deepEqual(await list('ListInbounds'), ['in', 'web']);
      assert.deepEqual(await list('ListOutbounds'), ['direct', 'block']);
      await call(address, service(family, 'RemoveInbound'), encodeMessage(named, { tag: 'web', email: '' }));
      await call(
        address,
        service(family, 'RemoveOutbound'),
        encodeMessage(named, { tag: 'block', email: '' }),
      );
      assert.deepEqual(await list('ListInbounds'), ['in']);
      assert.deepEqual(await list('ListOutbounds'), ['direct']);
      await assert.rejects(
        call(address, service(family, 'RemoveInbound'), encodeMessage(named, { tag: 'web', email: '' })),
        { code: 2, details: 'not enough information for making a decision' },
      );
    });

    test('what the API has changed is what a reload compares with', async () => {
      const [family] = families;
      await addUser(family, 'in', 'late@x', id(6));
      const { settings } = parseConfig(JSON.stringify({ log: {}, ...config }));
      assert.deepEqual(server.instance.plan(settings!).lines, [
        `inbound "web" added on 127.0.0.1:${httpPortOf(config)}`,
        'inbound "in": user late@x removed',
        'outbound "block" added',
      ]);
    });
  });
}

function httpPortOf(config: object): number {
  const { inbounds } = config as { readonly inbounds: readonly { readonly port: number }[] };
  return inbounds[1]!.port;
}
