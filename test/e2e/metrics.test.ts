/** Metrics and health of a running server, as Prometheus and a load balancer ask for them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from '../helper/eventually.js';
import { payload } from '../helper/payload.js';
import { closedPort, freePorts } from '../helper/ports.js';
import { readExactly } from '../helper/socks-client.js';
import { startEcho, type TestServer } from '../helper/tcp-servers.js';
import { startTsray, type Tsray } from '../helper/tsray.js';

let echo: TestServer;
before(async () => {
  echo = await startEcho();
});
after(() => echo.close());

async function ask(
  port: number,
  path: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly text: string; readonly type: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
}

/** Name and labels → value. Throws for a line that is neither a comment nor a sample. */
function parsed(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  const families = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) /.exec(line);
    if (comment !== null) {
      if (comment[1] === 'TYPE') {
        assert.ok(!families.has(comment[2]!), `${comment[2]} comes twice`);
        families.add(comment[2]!);
      }
      continue;
    }
    const sample = /^([a-zA-Z_:][\w:]*(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)$/.exec(line);
    assert.ok(sample, line);
    assert.ok(!values.has(sample[1]!), `${sample[1]} comes twice`);
    values.set(sample[1]!, sample[2] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample[2]));
  }
  return values;
}

async function withMetrics(
  metrics: object,
  use: (tsray: Tsray, port: number) => Promise<void>,
  more: object = {},
): Promise<void> {
  const [port = 0] = await freePorts(1);
  const door = { protocol: 'dokodemo-door', tag: 'door', listen: '127.0.0.1', port: 0 };
  const dead = await closedPort();
  const tsray = await startTsray({
    metrics: { listen: `127.0.0.1:${port}`, ...metrics },
    inbounds: [
      { ...door, settings: { address: '127.0.0.1', port: echo.port, network: 'tcp' } },
      { ...door, tag: 'dead', settings: { address: '127.0.0.1', port: dead, network: 'tcp' } },
    ],
    outbounds: [{ protocol: 'freedom', tag: 'direct' }],
    ...more,
  });
  try {
    await use(tsray, port);
  } finally {
    await tsray.close();
  }
}

test('traffic, connections and failures, under the names of the well-known exporters and our own', async () => {
  await withMetrics({}, async (tsray, port) => {
    const socket = net.connect(tsray.port('door'), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(payload(5_000));
    await readExactly(socket, 5_000);
    const failed = net.connect(tsray.port('dead'), '127.0.0.1');
    failed.on('error', () => undefined);
    await new Promise((resolve) => failed.once('close', resolve));
    const { status, text, type } = await ask(port, '/metrics');
    assert.equal(status, 200);
    assert.match(type ?? '', /^text\/plain; version=0\.0\.4/);
    const values = parsed(text);
    for (const prefix of ['v2ray', 'xray']) {
      assert.equal(values.get(`${prefix}_up`), 1);
      assert.ok(values.has(`${prefix}_uptime_seconds`));
      for (const way of ['uplink', 'downlink']) {
        const name = `${prefix}_traffic_${way}_bytes_total`;
        assert.equal(values.get(`${name}{dimension="inbound",target="door"}`), 5_000);
        assert.equal(values.get(`${name}{dimension="outbound",target="direct"}`), 5_000);
      }
    }
    assert.equal(values.get('tsray_connections_open'), 1);
    assert.equal(values.get('tsray_connections_opened_total{outbound="direct"}'), 2);
    assert.equal(values.get('tsray_connections_failed_total{outbound="direct",code="ERR_DIAL_REFUSED"}'), 1);
    assert.equal(values.get('tsray_dial_seconds_count{outbound="direct"}'), 1);
    assert.equal(values.get('tsray_first_byte_seconds_bucket{outbound="direct",le="+Inf"}'), 1);
    assert.equal(values.get('tsray_accepting'), 1);
    assert.ok(values.get('process_resident_memory_bytes')! > 1_000_000);
    assert.ok(values.has('nodejs_eventloop_lag_p99_seconds'));
    assert.doesNotMatch(text, /dimension="user"/);
    assert.equal((await ask(port, '/scrape')).status, 200);
    socket.destroy();
    await eventually(
      'it has ended',
      async () => parsed((await ask(port, '/metrics')).text).get('tsray_connections_open') === 0,
    );
  });
});

test('a token is asked for metrics, not for health; other paths and methods are refused', async () => {
  await withMetrics({ token: 'secret' }, async (_tsray, port) => {
    assert.equal((await ask(port, '/metrics')).status, 401);
    assert.equal((await ask(port, '/metrics', { headers: { authorization: 'Bearer secre7' } })).status, 401);
    assert.equal((await ask(port, '/metrics', { headers: { authorization: 'Bearer secret' } })).status, 200);
    assert.deepEqual(await ask(port, '/healthz/ready').then(({ status, text }) => [status, text]), [
      200,
      'ready\n',
    ]);
    assert.equal((await ask(port, '/healthz/live')).status, 200);
    assert.equal((await ask(port, '/')).status, 404);
    assert.equal((await ask(port, '/metrics', { method: 'POST' })).status, 405);
  });
});

test('while connections drain it is alive and not ready', async () => {
  await withMetrics({}, async (tsray, port) => {
    const socket = net.connect(tsray.port('door'), '127.0.0.1');
    socket.write('x');
    await readExactly(socket, 1);
    const stopped = tsray.instance.stop(20_000);
    const draining = await eventually('it drains', async () => {
      const answer = await ask(port, '/healthz/ready');
      return answer.status === 503 && answer;
    });
    assert.equal(draining.text, 'draining\n');
    assert.equal((await ask(port, '/healthz/live')).status, 200);
    socket.destroy();
    await stopped;
  });
});

test('users have series where that is asked for', async () => {
  const id = 'a3482e88-686a-4a58-8126-99c9df64b7bf';
  const [vmessPort = 0] = await freePorts(1);
  const email = 'a "quoted" name';
  const vmess = {
    protocol: 'vmess',
    tag: 'in',
    listen: '127.0.0.1',
    port: vmessPort,
    settings: { clients: [{ id, email }] },
  };
  await withMetrics(
    { users: true },
    async (_tsray, port) => {
      const front = await startTsray({
        inbounds: [
          {
            protocol: 'dokodemo-door',
            tag: 'door',
            listen: '127.0.0.1',
            port: 0,
            settings: { address: '127.0.0.1', port: echo.port, network: 'tcp' },
          },
        ],
        outbounds: [
          {
            protocol: 'vmess',
            settings: { vnext: [{ address: '127.0.0.1', port: vmessPort, users: [{ id }] }] },
          },
        ],
      });
      const socket = net.connect(front.port('door'), '127.0.0.1');
      socket.write('hello');
      await readExactly(socket, 5);
      const values = parsed((await ask(port, '/metrics')).text);
      const name = 'v2ray_traffic_uplink_bytes_total{dimension="user",target="a \\"quoted\\" name"}';
      assert.equal(values.get(name), 5);
      socket.destroy();
      await front.close();
    },
    { inbounds: [vmess] },
  );
});
