/** Subscriptions from a web server on this machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fetchSubscription } from '../../../src/index.js';

const id = '3f2b8c1e-9d64-4a7b-8f0e-5c6d7a8b9e01';

async function withServer(listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/list?token=geheim`);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

test('entries, and what the headers say', async () => {
  const agents: string[] = [];
  await withServer(
    (request, response) => {
      agents.push(request.headers['user-agent'] ?? '');
      response.setHeader('profile-title', 'Example');
      response.setHeader('subscription-userinfo', 'download=5');
      response.end(`vmess://${id}@a.example:1#one\nwords\n`);
    },
    async (url) => {
      const { entries, ...profile } = await fetchSubscription(new URL(url));
      assert.deepEqual(
        entries.map((each) => ('link' in each ? each.link.name : each.error.code)),
        ['one', 'ERR_LINK'],
      );
      assert.deepEqual(profile, { title: 'Example', usage: { download: 5 } });
      await fetchSubscription(url, { userAgent: 'me' });
    },
  );
  assert.deepEqual(agents, ['tsray v2rayN', 'me']);
});

test('a server that does not answer: a deadline, and a caller who gives up', async () => {
  await withServer(
    () => undefined,
    async (url) => {
      const hidden = (error: Error): true => {
        assert(!error.message.includes('geheim'), error.message);
        return true;
      };
      await assert.rejects(fetchSubscription(url, { timeoutMs: 20 }), (error: Error) => {
        assert.match(error.message, /^127\.0\.0\.1:\d+ cannot be read: no answer in 0\.02 s$/);
        return hidden(error);
      });
      const aborter = new AbortController();
      const given = fetchSubscription(url, { signal: aborter.signal });
      aborter.abort();
      await assert.rejects(given, { code: 'ERR_ABORTED' });
    },
  );
});

test('only http: and https:', async () => {
  for (const url of ['file:///etc/hosts', 'words', '']) {
    await assert.rejects(fetchSubscription(url), { code: 'ERR_SUBSCRIPTION' });
  }
});
