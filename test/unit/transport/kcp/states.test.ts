/** The states of an mKCP session: each way in, and what it does there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedPeer } from '../../../helper/kcp-scripted.js';

function kindsOf(peer: ScriptedPeer): string[] {
  return peer.take().map(({ kind }) => kind);
}

describe('active', () => {
  test('a quiet session pings every 5 s', () => {
    const peer = new ScriptedPeer();
    peer.pass(4_999);
    assert.deepEqual(kindsOf(peer), []);
    peer.pass(1);
    assert.deepEqual(kindsOf(peer), ['ping']);
    peer.pass(10_000);
    assert.deepEqual(kindsOf(peer), ['ping', 'ping']);
  });

  test('30 s without a datagram: ready to close, and timed out', () => {
    const peer = new ScriptedPeer();
    peer.ping().pass(29_000);
    assert.equal(peer.session.state, 'active');
    peer.ping().pass(29_000);
    assert.equal(peer.session.state, 'active');
    peer.pass(6_000);
    assert.equal(peer.session.timedOut, 'silent');
    assert.equal(peer.session.state, 'terminating', 'nothing was queued');
  });

  test('option 1: the peer has closed; what was queued is thrown away, what comes is still read', () => {
    const peer = new ScriptedPeer();
    peer.write('lost').data(0, 'first', { closed: true });
    assert.equal(peer.session.state, 'peerClosed');
    assert.equal(peer.session.queued, 0);
    assert.equal(peer.session.writable, false);
    peer.write('lost as well').data(1, 'second', { closed: true });
    assert.equal(peer.session.queued, 0);
    assert.equal(peer.read(), 'firstsecond');
    assert.equal(peer.session.inputEnded, false, 'the peer may send more');
    peer.flush();
    assert.deepEqual(
      peer.take().map(({ kind, numbers }) => [kind, numbers]),
      [['ack', [0, 1]]],
    );
  });

  test('terminate: the peer has terminated; what came is read, then the end', () => {
    const peer = new ScriptedPeer();
    peer.data(0, 'last words').terminate();
    assert.equal(peer.session.state, 'peerTerminating');
    assert.equal(peer.session.inputEnded, false);
    assert.equal(peer.read(), 'last words');
    assert.equal(peer.session.inputEnded, true);
    assert.equal(peer.session.inputBroken, false);
    assert.equal(peer.session.writable, false);
  });

  test('terminate while something is missing: the input is broken', () => {
    const peer = new ScriptedPeer();
    peer.data(1, 'second').terminate();
    assert.equal(peer.session.inputEnded, true);
    assert.equal(peer.session.inputBroken, true);
  });

  test('local close: ready to close', () => {
    const peer = new ScriptedPeer();
    peer.write('x').session.close(peer.nowMs);
    assert.equal(peer.session.state, 'readyToClose');
  });

  test('a datagram of another conversation is ignored', () => {
    const peer = new ScriptedPeer();
    peer.session.input(Buffer.from('00080200000000000000000000000064', 'hex'), peer.nowMs);
    assert.equal(peer.session.state, 'active');
    assert.equal(peer.session.heard, false);
  });
});

describe('ready to close', () => {
  function closed(text: string): ScriptedPeer {
    const peer = new ScriptedPeer();
    peer.ping().write(text).session.close(peer.nowMs);
    return peer;
  }

  test('what was queued is sent and sent again, option 1 on every segment', () => {
    const peer = closed('rest');
    peer.pass(300);
    const sent = peer.take();
    assert.ok(sent.length >= 2);
    assert.ok(sent.every(({ kind, closed, text }) => kind === 'data' && closed && text === 'rest'));
  });

  test('an empty queue leads to terminating', () => {
    const peer = closed('rest');
    peer.flush().ack([0], { receivingNext: 1 }).flush();
    assert.equal(peer.session.state, 'terminating');
    assert.equal(closed('').flush().session.state, 'terminating');
  });

  test('so do 15 s', () => {
    const peer = closed('rest');
    peer.pass(14_900);
    assert.equal(peer.session.state, 'readyToClose');
    peer.pass(200);
    assert.equal(peer.session.state, 'terminating');
  });

  test('so do option 1 and terminate from the peer', () => {
    assert.equal(closed('rest').ping({ closed: true }).session.state, 'terminating');
    assert.equal(closed('rest').terminate().session.state, 'terminating');
  });

  test('what comes is acknowledged and thrown away', () => {
    const peer = closed('rest');
    peer.data(0, 'unwanted').flush();
    assert.equal(peer.read(), '');
    assert.equal(peer.session.inputEnded, true);
    const ack = peer.take().find(({ kind }) => kind === 'ack');
    assert.deepEqual(ack?.numbers, [0]);
  });
});

describe('peer closed', () => {
  test('local close leads to terminating', () => {
    const peer = new ScriptedPeer();
    peer.ping({ closed: true }).session.close(peer.nowMs);
    assert.equal(peer.session.state, 'terminating');
  });

  test('terminate leads to peer terminating', () => {
    const peer = new ScriptedPeer();
    assert.equal(peer.ping({ closed: true }).terminate().session.state, 'peerTerminating');
  });

  test('30 s without a datagram end it', () => {
    const peer = new ScriptedPeer();
    peer.ping({ closed: true }).pass(36_000);
    assert.equal(peer.session.timedOut, 'silent');
    assert.equal(peer.session.state, 'terminating');
  });
});

describe('terminating', () => {
  function terminating(): ScriptedPeer {
    const peer = new ScriptedPeer();
    peer.ping().session.close(peer.nowMs);
    peer.flush();
    return peer;
  }

  test('terminate goes out at once and every second, for 8 s; then it is over', () => {
    const peer = terminating();
    assert.deepEqual(kindsOf(peer), ['terminate']);
    peer.pass(7_500);
    assert.equal(peer.take().length, 7);
    peer.pass(500);
    assert.equal(peer.session.state, 'terminated');
    peer.pass(60_000);
    assert.deepEqual(kindsOf(peer), []);
  });

  test('terminate from the peer ends it at once', () => {
    assert.equal(terminating().terminate().session.state, 'terminated');
  });

  test('data is ignored', () => {
    const peer = terminating();
    peer.take();
    peer.data(0, 'late').flush();
    assert.deepEqual(kindsOf(peer), []);
  });
});

describe('peer terminating', () => {
  function peerTerminating(): ScriptedPeer {
    return new ScriptedPeer().data(0, 'unread').terminate();
  }

  test('local close ends it, and the peer is told', () => {
    const peer = peerTerminating();
    peer.session.close(peer.nowMs);
    assert.equal(peer.session.state, 'terminated');
    assert.deepEqual(kindsOf(peer), ['terminate']);
  });

  test('4 s lead to terminating, 8 more to the end; what came can still be read', () => {
    const peer = peerTerminating();
    peer.pass(3_900);
    assert.equal(peer.session.state, 'peerTerminating');
    peer.pass(200);
    assert.equal(peer.session.state, 'terminating');
    peer.pass(9_000);
    assert.equal(peer.session.state, 'terminated');
    assert.equal(peer.read(), 'unread');
    assert.equal(peer.session.inputEnded, true);
  });
});

test('abort throws the queue away and goes to terminating from any state but terminated', () => {
  const active = new ScriptedPeer().write('queued');
  active.session.abort(active.nowMs);
  assert.equal(active.session.state, 'terminating');
  active.flush();
  assert.deepEqual(kindsOf(active), ['terminate']);
  const ready = new ScriptedPeer().write('queued');
  ready.session.close(ready.nowMs);
  ready.session.abort(ready.nowMs);
  assert.equal(ready.session.state, 'terminating');
  const over = new ScriptedPeer().terminate();
  over.session.close(over.nowMs);
  over.session.abort(over.nowMs);
  assert.equal(over.session.state, 'terminated');
});
