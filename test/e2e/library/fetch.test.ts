/** `client.fetch` is fetch: every request arrives as that of Node's own fetch does, and fails with codes of tsray. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createWebServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { FormData as UndiciFormData } from 'undici';
import { type Client, type ClientRequestInit, createClient, TsrayError } from '../../../src/index.js';
import { makeCertificate } from '../../helper/certificates.js';
import { countResources, nothingLeft } from '../../helper/leaks.js';
import { type LibraryPeer, libraryUser, peerKinds } from '../../helper/library-peers.js';
import { closedPort } from '../../helper/ports.js';

interface Seen {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function see(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { headers, method, url } = request;
  return { method, path: url, headers, body: Buffer.concat(chunks).toString('latin1') };
}

/** Answers with what it saw; `/away` leads to `/there`, `/cookies` sets two, `/hang` never ends, `/cut` ends too early. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/away') {
    response.writeHead(307, { location: '/there' }).end();
    return;
  }
  if (request.url === '/hang') {
    response.writeHead(200).write('begin');
    return;
  }
  if (request.url === '/cut') {
    response.writeHead(200, { 'content-length': '100' }).write('begin', () => request.socket.end());
    return;
  }
  if (request.url === '/cookies') response.setHeader('set-cookie', ['a=1', 'b=2']);
  see(request).then(
    (seen) => response.end(JSON.stringify(seen)),
    () => response.destroy(),
  );
}

/** A boundary is another one each time. */
function withoutBoundary(seen: Seen): Seen {
  const type = seen.headers['content-type'];
  const boundary = type === undefined ? undefined : /boundary=(.+)$/.exec(type)?.[1];
  if (boundary === undefined) return seen;
  return JSON.parse(JSON.stringify(seen).replaceAll(boundary, 'BOUNDARY')) as Seen;
}

function formData(): FormData {
  const form = new FormData();
  form.append('name', 'väl\r\nue');
  form.append('many', '1');
  form.append('many', '2');
  form.append('file', new Blob(['\0\x01binary'], { type: 'image/png' }), 'a "b".png');
  return form;
}

function stream(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one');
  yield Buffer.from('two');
}

type Call = (url: string, send: typeof fetch) => Promise<Response>;

function post(init: () => RequestInit): Call {
  return (url, send) => send(`${url}/`, { method: 'POST', ...init() });
}

const calls: Readonly<Record<string, Call>> = {
  'no options': (url, send) => send(`${url}/`),
  'a URL': (url, send) => send(new URL('/path?query#fragment', url)),
  'null for options': (url, send) => send(`${url}/`, null as unknown as RequestInit),
  text: post(() => ({ body: 'text' })),
  FormData: post(() => ({ body: formData() })),
  'a Blob': post(() => ({ body: new Blob(['blob'], { type: 'text/x-blob' }) })),
  'a File': post(() => ({ body: new File(['file'], 'name', { type: 'text/x-file' }) })),
  URLSearchParams: post(() => ({ body: new URLSearchParams({ a: '1', b: 'ä &' }) })),
  'an ArrayBuffer': post(() => ({ body: Uint8Array.of(65, 0, 255).buffer })),
  'a Uint8Array': post(() => ({ body: Buffer.from('bytes') })),
  'a DataView': post(() => ({ body: new DataView(new ArrayBuffer(4), 1, 2) })),
  'a ReadableStream': post(() => ({ body: stream('one', 'two'), duplex: 'half' })),
  'an async iterable': post(() => ({ body: pieces() as unknown as ReadableStream, duplex: 'half' })),
  headers: (url, send) =>
    send(`${url}/`, {
      headers: new Headers([
        ['x-a', '1'],
        ['x-a', '2'],
      ]),
    }),
  'a Request': (url, send) =>
    send(new Request(`${url}/request`, { method: 'PUT', body: formData(), headers: { 'x-request': 'yes' } })),
  'a Request with options over it': (url, send) =>
    send(new Request(`${url}/`, { method: 'PUT', body: 'old' }), { method: 'PATCH', body: 'new' }),
  'a Request for options': (url, send) =>
    send(
      `${url}/`,
      new Request('http://other.example/', { method: 'DELETE', headers: { 'x-request': 'yes' } }),
    ),
  'a redirect with a body': (url, send) => send(`${url}/away`, { method: 'POST', body: 'text' }),
  'a redirect that is not followed': (url, send) => send(`${url}/away`, { redirect: 'manual' }),
  cookies: (url, send) => send(`${url}/cookies`),
};

/** What a caller sees of an answer. */
async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return {
    isResponse: response instanceof Response,
    status: response.status,
    redirected: response.redirected,
    path: response.url === '' ? '' : new URL(response.url).pathname,
    type: response.type,
    cookies: response.headers.getSetCookie(),
    seen: text === '' ? '' : withoutBoundary(JSON.parse(text) as Seen),
  };
}

async function failure(promise: Promise<unknown>): Promise<TypeError & { readonly cause: TsrayError }> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof TypeError, `${String(error)} is no TypeError`);
    assert.ok(error.cause instanceof TsrayError, `${String(error.cause)} is no TsrayError`);
    return error as TypeError & { readonly cause: TsrayError };
  }
  return assert.fail('it did not fail');
}

const certificate = makeCertificate();

for (const kind of peerKinds) {
  describe(`fetch through ${kind.name}`, { skip: kind.skip }, () => {
    const web = createWebServer(serve);
    const secure = createSecureServer({ cert: certificate.certificate, key: certificate.key }, serve);
    let peer: LibraryPeer;
    let client: Client;
    let url: string;
    let secureUrl: string;

    before(async () => {
      peer = await kind.start();
      client = createClient({ host: '127.0.0.1', port: peer.port, id: libraryUser.id });
      for (const server of [web, secure]) {
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
      }
      url = `http://localhost:${(web.address() as AddressInfo).port}`;
      secureUrl = `https://localhost:${(secure.address() as AddressInfo).port}`;
    });
    after(async () => {
      await client.close();
      await peer.close();
      for (const server of [web, secure]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });

    for (const [name, call] of Object.entries(calls)) {
      test(`${name}: as with Node's own`, async () => {
        const expected = await answerOf(await call(url, fetch));
        const { fetch: ours } = client;
        assert.deepEqual(await answerOf(await call(url, ours)), expected);
      });
    }

    test('a FormData of another undici arrives as one of Node', async () => {
      const foreign = new UndiciFormData();
      for (const [name, value] of formData().entries()) {
        if (typeof value === 'string') foreign.append(name, value);
        else foreign.append(name, value, value.name);
      }
      const expected = await answerOf(await fetch(url, { method: 'POST', body: formData() }));
      const body = foreign as unknown as FormData;
      assert.deepEqual(await answerOf(await client.fetch(`${url}/`, { method: 'POST', body })), expected);
    });

    test('AbortSignal: before, while it waits, and while the body comes', async () => {
      const reason = new Error('enough');
      const before = client.fetch(`${url}/`, { signal: AbortSignal.abort(reason) });
      await assert.rejects(before, (error) => error === reason);
      const waiting = new AbortController();
      const silent = createTcpServer();
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const connected = once(silent, 'connection') as Promise<[Socket]>;
      const pending = client.fetch(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, {
        signal: waiting.signal,
      });
      const [socket] = await connected;
      waiting.abort();
      await assert.rejects(pending, { name: 'AbortError' });
      socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
      const reading = new AbortController();
      const response = await client.fetch(new Request(`${url}/hang`, { signal: reading.signal }));
      const reader = response.body!.getReader();
      await reader.read();
      reading.abort(reason);
      await assert.rejects(
        reader.read(),
        (error) => error === reason || (error as Error).name === 'AbortError',
      );
    });

    test('TLS: of the client, of a call over it, and of nobody', async () => {
      assert.equal((await failure(client.fetch(secureUrl))).cause.code, 'ERR_TLS');
      const { hint, cause } = (await failure(client.fetch(secureUrl))).cause;
      assert.match(String(hint), /ca/);
      assert.match(String((cause as NodeJS.ErrnoException).code), /SELF_SIGNED|UNABLE_TO_VERIFY/);
      for (const tls of [{ ca: certificate.certificate }, { rejectUnauthorized: false }]) {
        assert.equal((await client.fetch(secureUrl, { tls })).status, 200);
      }
      const server = { host: '127.0.0.1', port: peer.port, id: libraryUser.id };
      const trusting = createClient(server, { tls: { ca: certificate.certificate } });
      assert.equal((await trusting.fetch(secureUrl)).status, 200);
      const strict = trusting.fetch(secureUrl, { tls: { servername: 'other.example' } });
      assert.equal((await failure(strict)).cause.code, 'ERR_TLS');
      assert.equal((await trusting.ping({ url: secureUrl })).status, 200);
      await trusting.close();
    });

    test('requests with one object of TLS options share connections', async () => {
      const ports = new Set<number | undefined>();
      const note = (request: IncomingMessage): void => void ports.add(request.socket.remotePort);
      secure.on('request', note);
      const tls = { ca: certificate.certificate };
      for (let round = 0; round < 6; round += 1) await (await client.fetch(secureUrl, { tls })).text();
      secure.removeListener('request', note);
      // undici may open a second one while the first has still to be told that its answer is over.
      assert.ok(ports.size <= 2, `${ports.size} connections`);
    });

    test('what fails on the way is the cause, with its code', async () => {
      const nobody = createClient({ host: '127.0.0.1', port: await closedPort(), id: libraryUser.id });
      const gone = nobody.fetch(url);
      await nobody.close();
      assert.equal((await failure(gone)).cause.code, 'ERR_CLOSED');
      const unreachable = client.fetch(`http://127.0.0.1:${await closedPort()}/`);
      assert.match((await failure(unreachable)).cause.code, /^ERR_(?:DIAL_FAILED|RESET)$/);
      const cut = await client.fetch(`${url}/cut`);
      const cutError = await cut.text().then(
        () => assert.fail('it was whole'),
        (error: unknown) => error as Error,
      );
      assert.match((cutError.cause as TsrayError).code, /^ERR_(?:TRUNCATED|RESET)$/);
    });

    test('what is no HTTP is said so', async () => {
      const sockets: Socket[] = [];
      const other = createTcpServer((socket) => {
        sockets.push(socket.on('error', () => undefined).end('SSH-2.0-x\r\n'));
      });
      other.listen(0, '127.0.0.1');
      await once(other, 'listening');
      const answer = client.fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
      assert.equal((await failure(answer)).cause.code, 'ERR_PROTOCOL');
      // V2Ray keeps its side open.
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => other.close(resolve));
    });

    test('after close, and while it closes, the cause is ERR_CLOSED', async () => {
      const before = countResources();
      const other = createClient({ host: '127.0.0.1', port: peer.port, id: libraryUser.id });
      const dispatcher = other.dispatcher();
      const response = await other.fetch(`${url}/hang`);
      const reading = response.text();
      const closing = other.close();
      const ended = await reading.then(
        () => assert.fail('it was whole'),
        (error: unknown) => error as Error,
      );
      assert.equal((ended.cause as TsrayError).code, 'ERR_CLOSED');
      assert.equal((await failure(other.fetch(url))).cause.code, 'ERR_CLOSED');
      await closing;
      assert.equal((await failure(other.fetch(url))).cause.code, 'ERR_CLOSED');
      assert.equal((await failure(other.fetch(url, { tls: {} }))).cause.code, 'ERR_CLOSED');
      await assert.rejects(dispatcher.request({ origin: url, path: '/', method: 'GET' }), {
        code: 'ERR_CLOSED',
      });
      await nothingLeft(before);
    });

    test('an option that does not exist is an error', async () => {
      const wrong: readonly (readonly [object, RegExp])[] = [
        [{ methd: 'POST' }, /no option "methd"/],
        [{ dispatcher: client.dispatcher() }, /no option "dispatcher"/],
        [{ agent: client.agent() }, /no option "agent"/],
        [{ tls: { rejectUnauthorised: false } }, /fetch: tls: there is no option "rejectUnauthorised"/],
        [{ tls: true }, /fetch: tls: expected an object/],
        [{ body: new UndiciFormDataLike(), method: 'POST' }, /FormData of another library/],
      ];
      for (const [init, message] of wrong) {
        const { cause } = await failure(client.fetch(url, init as ClientRequestInit));
        assert.equal(cause.code, 'ERR_USAGE');
        assert.match(cause.message, message);
      }
      assert.equal((await client.fetch(url, { agent: undefined } as ClientRequestInit)).status, 200);
    });
  });
}

/** As that of the package form-data. */
class UndiciFormDataLike {
  readonly [Symbol.toStringTag] = 'FormData';
}
