import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLevelPolicy } from '../../../../src/contract/policy.js';
import { TsrayError } from '../../../../src/core/errors.js';
import { parseAddress } from '../../../../src/core/net/address.js';
import { systemRandom } from '../../../../src/core/random.js';
import { createHttpOutbound } from '../../../../src/proxy/http/outbound.js';
import type { HttpUpstreamServer } from '../../../../src/proxy/http/settings.js';
import { CollectSink } from '../../../helper/collect-sink.js';
import { contextFor } from '../../../helper/contexts.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { FakeDialer } from '../../../helper/fake-dialer.js';
import { at } from '../../../helper/fake-listen.js';
import { settle } from '../../../helper/scripted-link.js';
import { splits } from '../../../helper/split.js';

function start(users: HttpUpstreamServer['users'] = []) {
  const clock = new FakeClock();
  const dialer = new FakeDialer();
  const outbound = createHttpOutbound({
    tag: 'up',
    settings: { servers: [{ address: parseAddress('198.51.100.1'), port: 3128, users }] },
    dialer,
    policy: { forLevel: () => ({ ...defaultLevelPolicy, handshakeMs: 4000 }) },
    clock,
    random: systemRandom,
  });
  return { clock, dialer, outbound };
}

async function begun(users: HttpUpstreamServer['users'] = []) {
  const parts = start(users);
  const opening = parts.outbound.open(contextFor(at('2001:db8::1', 443)));
  await settle();
  return { ...parts, opening, upstream: parts.dialer.links[0]! };
}

test('asks with CONNECT; any 2xx opens; what follows belongs to the tunnel', async () => {
  const answer = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 299 Sure\r\nContent-Length: 5\r\n\r\n';
  for (const parts of splits(Buffer.from(answer))) {
    const { opening, upstream, clock } = await begun();
    assert.equal(
      upstream.outputText,
      'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nProxy-Connection: Keep-Alive\r\n\r\n',
    );
    for (const part of parts) upstream.deliver(part);
    const sink = CollectSink.on(await opening);
    upstream.deliver('banner');
    await settle();
    assert.equal(sink.text, 'banner');
    assert.equal(clock.pendingTimers, 0);
  }
  const { opening, upstream } = await begun();
  upstream.deliver(`${answer}early`);
  const sink = CollectSink.on(await opening);
  await settle();
  assert.equal(sink.text, 'early');
});

test('gives user and password', async () => {
  const { upstream } = await begun([{ user: 'Aladdin', pass: 'open sesame', level: 0, email: '' }]);
  // The example of RFC 7617 section 2.
  assert.match(upstream.outputText, /\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n/);
});

test('says what the proxy answered and what to look at', async () => {
  const cases: readonly [answer: string, message: RegExp, hint: RegExp][] = [
    ['HTTP/1.1 407 Auth\r\n\r\n', /407 Auth/, /user and password/],
    ['HTTP/1.1 403 \x80\xffno\r\n\r\n', /403 \?\?no/, /refuses this target/],
    ['HTTP/1.1 404 Not Found\r\n\r\n', /404/, /Is it a proxy/],
    ['HTTP/1.1 101 Switching\r\n\r\n', /101/, /^$/],
    ['SSH-2.0-OpenSSH\r\n\r\n', /does not answer as an HTTP proxy/, /listening/],
    ['HTTP/1.1 100 C\r\n\r\n'.repeat(9), /100 C/, /^$/],
  ];
  for (const [answer, message, hint] of cases) {
    const { opening, upstream, clock } = await begun();
    const rejected = assert.rejects(opening, (error: TsrayError) => {
      assert.equal(error.code, 'ERR_UPSTREAM');
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      return true;
    });
    upstream.deliver(answer);
    await rejected;
    assert.equal(upstream.gone, true);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('a proxy that stays silent or goes away is named', async () => {
  const silent = await begun();
  const timedOut = assert.rejects(silent.opening, {
    code: 'ERR_HANDSHAKE_TIMEOUT',
    message: /198\.51\.100\.1:3128/,
  });
  silent.clock.advance(4000);
  await timedOut;
  const ended = await begun();
  const truncated = assert.rejects(ended.opening, { code: 'ERR_TRUNCATED' });
  ended.upstream.deliverEnd();
  await truncated;
  const reset = await begun();
  const broken = assert.rejects(reset.opening, { code: 'ERR_RESET' });
  reset.upstream.goAway(new TsrayError('ERR_RESET', 'reset'));
  await broken;
  for (const { clock } of [silent, ended, reset]) assert.equal(clock.pendingTimers, 0);
});

test('carries no datagrams, and says what does', async () => {
  const { outbound } = start();
  await assert.rejects(outbound.openPackets(contextFor(at('8.8.8.8', 53, 'udp'))), {
    code: 'ERR_UPSTREAM',
    hint: /SOCKS 5/,
  });
});
