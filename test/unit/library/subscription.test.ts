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

test('user and password before the host are sent, and told to nobody', async () => {
  const seen: (string | undefined)[] = [];
  await withServer(
    (request, response) => {
      seen.push(request.headers.authorization);
      if (request.url?.startsWith('/moved') === true) {
        response.writeHead(302, { location: '/list' }).end();
      } else if (request.headers.authorization === undefined) {
        response.writeHead(401).end();
      } else {
        response.end(`vmess://${id}@a.example:1#one\n`);
      }
    },
    async (url) => {
      const withUser = (user: string, path: string): string => {
        const made = new URL(path, url);
        return made.href.replace('http://', `http://${user}@`);
      };
      const given = withUser('ann:p%40ss%20w%C3%B6rd', '/list?token=geheim');
      assert.equal((await fetchSubscription(given)).entries.length, 1);
      const expected = `Basic ${Buffer.from('ann:p@ss wörd').toString('base64')}`;
      assert.deepEqual(seen, [expected]);
      // On the same host the password goes along.
      await fetchSubscription(withUser('ann:geheim', '/moved'));
      assert.equal(seen.length, 3);
      assert.equal(seen[1], seen[2]);
      // An import link with such an address inside.
      await fetchSubscription(`clash://install-config?url=${encodeURIComponent(given)}`);
      await assert.rejects(fetchSubscription(new URL('/list?token=geheim', url)), (error: Error) => {
        assert.match(error.message, /^127\.0\.0\.1:\d+ answered 401 Unauthorized$/);
        assert.match('hint' in error ? String(error.hint) : '', /user and password/);
        return true;
      });
    },
  );
});

test('a password is not sent on to another host, nor told when that fails', async () => {
  const seen: (string | undefined)[] = [];
  await withServer(
    (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(403).end();
    },
    async (other) => {
      await withServer(
        (_request, response) => response.writeHead(307, { location: other }).end(),
        async (url) => {
          const given = url.replace('http://', 'http://ann:geheim@');
          await assert.rejects(fetchSubscription(given), (error: Error) => {
            assert.equal(error.message, `${new URL(other).host} answered 403 Forbidden`);
            return true;
          });
        },
      );
    },
  );
  assert.deepEqual(seen, [undefined]);
});

test('redirects without end, to nowhere, and a body that grows when it is unpacked', async () => {
  const { gzipSync } = await import('node:zlib');
  await withServer(
    (request, response) => {
      if (request.url?.startsWith('/loop') === true) response.writeHead(302, { location: '/loop' }).end();
      else if (request.url?.startsWith('/file') === true) {
        response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      } else {
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync(Buffer.alloc(40 * 1024 * 1024)));
      }
    },
    async (url) => {
      const at = (path: string): URL => new URL(path, url);
      await assert.rejects(
        fetchSubscription(at('/loop?token=geheim')),
        /^TsrayError: 127\.0\.0\.1:\d+ sends on more than 5 times$/,
      );
      await assert.rejects(fetchSubscription(at('/file')), /sends on to what is not on the web/);
      await assert.rejects(fetchSubscription(at('/big')), /sends more than 32 MiB/);
    },
  );
});
