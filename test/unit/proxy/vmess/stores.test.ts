import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Novelty, ReplayStore } from '../../../../src/contract/replay-store.js';
import { nodeCrypto } from '../../../../src/crypto/node.js';
import { UserTable } from '../../../../src/proxy/vmess/user-table.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { contextFor, destinationOf } from '../../../helper/contexts.js';
import { settle, testId, VmessPair } from '../../../helper/vmess-pair.js';

const target = contextFor(destinationOf('tcp', 'example.com', 443));

/** Answers when told to. */
class SlowStore implements ReplayStore {
  readonly claims: { readonly answer: (novelty: Novelty) => void; readonly fail: (error: Error) => void }[] =
    [];

  claim(): Promise<Novelty> {
    return new Promise((answer, fail) => {
      this.claims.push({ answer, fail });
    });
  }
}

for (const alterId of [0, 4]) {
  test(`alterId ${alterId}: a connection waits for the stores, and what came meanwhile is served`, async () => {
    const replays = new SlowStore();
    const sessions = new SlowStore();
    const pair = new VmessPair({ alterId, stores: { replays, sessions } });
    const link = await pair.outbound.open(target);
    const client = CollectSink.on(link);
    link.write(Buffer.from('first '));
    await settle();
    link.write(Buffer.from('second '));
    await settle();
    assert.equal(pair.dispatcher.opens.length, 0);
    if (alterId === 0) {
      assert.equal(sessions.claims.length, 0);
      replays.claims[0]!.answer('fresh');
      await settle();
    }
    assert.equal(pair.dispatcher.opens.length, 0);
    link.write(Buffer.from('third'));
    sessions.claims[0]!.answer('fresh');
    await settle();
    const route = pair.dispatcher.opens[0]!.accept();
    await settle();
    await settle();
    assert.equal(route.sink!.text, 'first second third');
    route.link!.write(Buffer.from('answer'));
    await client.until((sink) => sink.text === 'answer');
    link.close();
    route.link!.close();
    await client.until((sink) => sink.closes === 1);
    await settle();
    assert.equal(pair.clock.pendingTimers, 0);
  });

  test(`alterId ${alterId}: a store that says no, or fails, refuses without a byte`, async () => {
    for (const end of ['seen', 'full', 'failed'] as const) {
      const sessions = new SlowStore();
      const pair = new VmessPair({ alterId, stores: { sessions } });
      const link = await pair.outbound.open(target);
      const client = CollectSink.on(link);
      link.write(Buffer.alloc(5000));
      await settle();
      const [claim] = sessions.claims;
      if (end === 'failed') claim!.fail(new Error('connection refused'));
      else claim!.answer(end);
      await client.until((sink) => sink.closes === 1);
      assert.equal(client.text, '');
      assert.equal(pair.dispatcher.opens.length, 0);
      assert.equal(pair.accessLog.records[0]?.status, 'rejected');
      assert.equal(pair.log.text.includes('connection refused'), end === 'failed');
      assert.equal(pair.clock.pendingTimers, 0);
    }
  });

  test(`alterId ${alterId}: a store that never answers holds a connection until the handshake's deadline`, async () => {
    const sessions = new SlowStore();
    const pair = new VmessPair({ alterId, stores: { sessions } });
    const link = await pair.outbound.open(target);
    const client = CollectSink.on(link);
    link.write(Buffer.from('question'));
    await settle();
    pair.clock.advance(59_999);
    await settle();
    assert.equal(client.closes, 0);
    pair.clock.advance(1);
    await client.until((sink) => sink.closes === 1);
    // Too late.
    sessions.claims[0]!.answer('fresh');
    await settle();
    assert.equal(pair.dispatcher.opens.length, 0);
    assert.equal(pair.clock.pendingTimers, 0);
  });
}

test('a client that leaves while its claim is under way is let go', async () => {
  const replays = new SlowStore();
  const pair = new VmessPair({ stores: { replays } });
  const link = await pair.outbound.open(target);
  const client = CollectSink.on(link);
  link.write(Buffer.from('question'));
  await settle();
  link.destroy();
  await client.until((sink) => sink.closes === 1);
  replays.claims[0]!.answer('fresh');
  await settle();
  assert.equal(pair.dispatcher.opens.length, 0);
  assert.equal(pair.clock.pendingTimers, 0);
});

test('a legacy client waits while the table of many legacy users is made, and an AEAD client does not', async () => {
  const users = new UserTable(nodeCrypto);
  let isReady = false;
  // Takes a slice for each call, until it is told to end.
  users.prepare = (now: number) => isReady && UserTable.prototype.prepare.call(users, now);
  for (let n = 0; n < 3; n += 1) {
    users.add({ id: nodeCrypto.md5(Uint8Array.of(n)), alterId: 4, email: `${n}@example.com`, level: 0 });
  }
  users.add({ id: testId, alterId: 4, email: 'love@example.com', level: 3 });
  for (const alterId of [0, 4]) {
    const pair = new VmessPair({ alterId, users });
    const link = await pair.outbound.open(target);
    const client = CollectSink.on(link);
    link.write(Buffer.from('question'));
    await settle();
    if (alterId === 4) {
      assert.equal(pair.dispatcher.opens.length, 0);
      isReady = true;
      pair.clock.advance(1000);
      await settle();
    }
    const route = pair.dispatcher.opens[0]!.accept();
    await settle();
    await settle();
    assert.equal(route.sink!.text, 'question');
    link.destroy();
    await client.until((sink) => sink.closes === 1);
  }
});
