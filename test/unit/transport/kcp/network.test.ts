/** mKCP over a simulated network: everything arrives, in order, and both sides come to an end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kcpLimits } from '../../../helper/kcp.js';
import { KcpNetwork, type NetworkOptions, type Station } from '../../../helper/kcp-network.js';
import { payload, sha256 } from '../../../helper/payload.js';

const bytes = 2 * 1024 * 1024;
const data = payload(bytes);

/** Writes all of `data` as room allows, then closes once everything of the peer's has come. */
function transfer(station: Station, limit: number, expect: number, closes: boolean): void {
  let at = 0;
  station.drive = () => {
    while (at < data.length && station.session.queued < limit) {
      const piece = data.subarray(at, at + 16_384);
      station.session.write(piece);
      at += piece.length;
    }
    const done = at === data.length && station.receivedBytes === expect;
    if (done && closes && station.session.state === 'active') station.session.close(station.nowMs);
    if (station.session.inputEnded) station.session.close(station.nowMs);
  };
}

function both(options: NetworkOptions, settings: Parameters<typeof kcpLimits>[0] = {}) {
  const limits = kcpLimits(settings);
  const network = new KcpNetwork(options, limits);
  const { client, server } = network;
  transfer(client, limits.sendQueue, bytes, true);
  transfer(server, limits.sendQueue, bytes, false);
  const startMs = network.nowMs;
  const arrived = network.run(
    () => client.receivedBytes === bytes && server.receivedBytes === bytes,
    600_000,
  );
  const tookMs = network.nowMs - startMs;
  const mbps = (bytes / 1000 / tookMs).toFixed(2);
  const overhead = ((client.sentBytes + server.sentBytes) / bytes / 2).toFixed(2);
  assert.ok(arrived, `${client.receivedBytes} and ${server.receivedBytes} of ${bytes} bytes arrived`);
  assert.equal(sha256(...server.received), sha256(data));
  assert.equal(sha256(...client.received), sha256(data));
  const ended = network.run(
    () => client.session.state === 'terminated' && server.session.state === 'terminated',
    60_000,
  );
  assert.ok(ended, `${client.session.state}, ${server.session.state}`);
  return `${mbps} MB/s each way, ${overhead} bytes sent per byte delivered`;
}

for (const loss of [0, 0.01, 0.05, 0.1, 0.2]) {
  for (const delayMs of [1, 50]) {
    test(`loss ${loss * 100} %, ${delayMs} ms each way: 2 MiB each way arrive`, (t) => {
      t.diagnostic(both({ loss, delayMs }));
    });
  }
  test(`loss ${loss * 100} %, reordering and duplicates: 2 MiB each way arrive`, (t) => {
    t.diagnostic(both({ loss, delayMs: 20, jitterMs: 40, duplicates: 0.02 }));
  });
  test(`loss ${loss * 100} %, congestion control, a link of 2 MB/s: 2 MiB each way arrive`, (t) => {
    t.diagnostic(both({ loss, delayMs: 25, rate: 2_000 }, { congestion: true }));
  });
}

test('a network that goes away in the middle of a transfer ends both sides within a minute', () => {
  const limits = kcpLimits();
  const network = new KcpNetwork({ loss: 0, delayMs: 10 }, limits);
  const { client, server } = network;
  transfer(client, limits.sendQueue, bytes, false);
  transfer(server, limits.sendQueue, bytes, false);
  assert.ok(network.run(() => server.receivedBytes > 500_000, 10_000));
  network.cut = true;
  const sentBefore = client.sent;
  assert.ok(
    network.run(() => client.session.state === 'terminated' && server.session.state === 'terminated', 60_000),
  );
  assert.ok(client.session.timedOut && server.session.timedOut);
  assert.ok(client.sent - sentBefore < 20_000, `${client.sent - sentBefore} datagrams into the void`);
});

test('a network that comes back after 20 s loses nothing', () => {
  const limits = kcpLimits();
  const network = new KcpNetwork({ loss: 0, delayMs: 10 }, limits);
  const { client, server } = network;
  transfer(client, limits.sendQueue, bytes, false);
  assert.ok(network.run(() => server.receivedBytes > 500_000, 10_000));
  network.cut = true;
  network.run(() => false, 20_000);
  network.cut = false;
  assert.ok(network.run(() => server.receivedBytes === bytes, 20_000));
  assert.equal(sha256(...server.received), sha256(data));
});

test('a reader that stops for a minute loses nothing, and its peer sends little meanwhile', () => {
  const limits = kcpLimits();
  const network = new KcpNetwork({ loss: 0.05, delayMs: 10 }, limits);
  const { client, server } = network;
  server.reading = false;
  transfer(client, limits.sendQueue, bytes, false);
  network.run(() => false, 10_000);
  const sentBefore = client.sent;
  network.run(() => false, 60_000);
  assert.equal(client.session.state, 'active');
  assert.ok(client.sent - sentBefore < 2_000, `${client.sent - sentBefore} datagrams in a minute`);
  server.reading = true;
  server.settle();
  assert.ok(network.run(() => server.receivedBytes === bytes, 20_000));
  assert.equal(sha256(...server.received), sha256(data));
});
