/** What peers open connections with: HTTP/1, SOCKS, ws, httpupgrade, the heads of TCP's header type http, PROXY protocol. */
import { HeadDecoder } from '../../../src/core/http1/head-decoder.js';
import { HttpSyntaxError } from '../../../src/core/http1/syntax-error.js';
import { parseAddress } from '../../../src/core/net/address.js';
import { authenticatedUser } from '../../../src/proxy/http/basic-auth.js';
import { BodyReader, requestFraming, responseFraming } from '../../../src/proxy/http/body.js';
import { ConnectHandshake } from '../../../src/proxy/http/connect-handshake.js';
import { forwardedRequest, forwardedResponse } from '../../../src/proxy/http/forward-head.js';
import { maxRequestHeadBytes, maxResponseHeadBytes } from '../../../src/proxy/http/limits.js';
import { parseTarget } from '../../../src/proxy/http/target.js';
import { SocksClientHandshake } from '../../../src/proxy/socks/client-handshake.js';
import { SocksServerHandshake } from '../../../src/proxy/socks/server-handshake.js';
import { decodeEarlyData } from '../../../src/transport/http1/early-data.js';
import { forwardedFor } from '../../../src/transport/http1/forwarded-for.js';
import { RequestHandshake } from '../../../src/transport/httpupgrade/request.js';
import { ResponseHandshake } from '../../../src/transport/httpupgrade/response.js';
import { ProxyHeaderDecoder } from '../../../src/transport/proxy-protocol/header.js';
import { PeerHeadDecoder } from '../../../src/transport/tcp/http-head.js';
import { checkRequest } from '../../../src/transport/ws/request.js';
import { at } from '../../helper/fake-listen.js';
import { assertTyped, bytesOf, type FuzzTarget, fromHex, handshakeTarget, textTarget } from '../target.js';

const requests = [
  'GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: Basic YTpi\r\nConnection: x, close\r\n\r\n',
  'POST http://a:81/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n',
  'POST / HTTP/1.0\r\nHost: [::1]:80\r\nContent-Length: 5\r\n\r\nhello',
  'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: a\r\n\r\nrest',
];
const responses = [
  'HTTP/1.1 200 OK\r\nContent-Length : 5\r\nContent-Length: 5\r\nSet-Cookie: a\r\n\r\nhello',
  'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nA: b\n c\n\n5  \r\nhello\r\n0\r\n\r\n',
  'HTTP/1.0 404\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nrest',
];
const upgrade =
  'GET /way?x=y HTTP/1.1\r\nHost: example.com:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Forwarded-For: 192.0.2.1, a\r\nSec-WebSocket-Protocol: YWJj\r\n\r\nrest';

function body(reader: BodyReader, bytes: Uint8Array): void {
  try {
    reader.push(bytes);
  } catch (error) {
    assertTyped(error);
  }
}

const httpRequest: FuzzTarget = {
  name: 'HTTP requests, with their bodies and what is passed on',
  seeds: requests.map(bytesOf),
  throws: 'nothing',
  run(parts) {
    const decoder = HeadDecoder.request(maxRequestHeadBytes);
    let reader: BodyReader | undefined;
    for (const part of parts) {
      if (reader !== undefined) {
        body(reader, part);
        continue;
      }
      const step = decoder.push(part);
      if (step.kind === 'failed') return;
      if (step.kind === 'more') continue;
      try {
        authenticatedUser(step.head.fields, { find: () => undefined } as never);
        const target = parseTarget(step.head);
        reader = new BodyReader(requestFraming(step.head), 'request');
        if (target.form !== 'authority') forwardedRequest(step.head, target.path, target.host, true);
      } catch (error) {
        if (!(error instanceof HttpSyntaxError)) throw error;
        return;
      }
      body(reader, step.rest);
    }
  },
};

const httpResponse: FuzzTarget = {
  name: 'HTTP responses, with their bodies and what is passed on',
  seeds: responses.map(bytesOf),
  throws: 'nothing',
  run(parts) {
    const decoder = HeadDecoder.response(maxResponseHeadBytes);
    let reader: BodyReader | undefined;
    for (const part of parts) {
      if (reader !== undefined) {
        body(reader, part);
        continue;
      }
      const step = decoder.push(part);
      if (step.kind === 'failed') return;
      if (step.kind === 'more') continue;
      try {
        reader = new BodyReader(responseFraming(step.head, 'GET'), 'response');
      } catch (error) {
        if (!(error instanceof HttpSyntaxError)) throw error;
        return;
      }
      forwardedResponse(step.head, step.head.status === 101 ? 'upgrade' : 'keep');
      body(reader, step.rest);
    }
  },
};

const wsRequest: FuzzTarget = {
  name: 'ws requests',
  seeds: [upgrade, upgrade.replace('/way', '/wayYWJj')].map(bytesOf),
  throws: 'nothing',
  run(parts) {
    const decoder = HeadDecoder.request(8192);
    for (const part of parts) {
      const step = decoder.push(part);
      if (step.kind === 'head') {
        for (const earlyDataHeaderName of ['', 'Sec-WebSocket-Protocol']) {
          checkRequest(step.head, {
            path: '/way',
            requiredHost: 'example.com',
            maxEarlyData: 9,
            earlyDataHeaderName,
          });
        }
      }
      if (step.kind !== 'more') return;
    }
  },
};

function tcpHead(name: string, paths: readonly string[] | undefined): FuzzTarget {
  return {
    name: `heads of TCP's header type http, ${name}`,
    seeds: ['GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\nrest', 'HTTP/1.1 200 OK\r\nA: b\r\n\r\nrest'].map(
      bytesOf,
    ),
    throws: 'nothing',
    run(parts) {
      const decoder = new PeerHeadDecoder(paths);
      for (const part of parts) {
        const step = decoder.push(part);
        if (step.kind === 'failed') assertTyped(step.error);
        if (step.kind !== 'more') return;
      }
    },
  };
}

export const openingTargets: readonly FuzzTarget[] = [
  httpRequest,
  httpResponse,
  wsRequest,
  tcpHead('server', ['/', '/one']),
  tcpHead('client', undefined),
  handshakeTarget(
    'HTTP CONNECT, client',
    ['HTTP/1.1 200 OK\r\nA: b\r\n\r\nrest', responses[2]!],
    () => new ConnectHandshake(),
  ),
  handshakeTarget(
    'httpupgrade, server',
    [upgrade],
    () => new RequestHandshake({ path: '/way', earlyDataHeaderName: 'Sec-WebSocket-Protocol' }, () => 0),
  ),
  handshakeTarget('httpupgrade, client', responses, () => new ResponseHandshake('a server')),
  handshakeTarget(
    'SOCKS, server',
    [
      fromHex('050100050100010a0000010050'),
      fromHex('050102010161016205010003036162630050'),
      fromHex('0401005000000001610061626300'),
      fromHex('05010005030004000000000000000000000000000000010050'),
    ],
    () => new SocksServerHandshake({ authenticate: () => 'a', udp: true, mixed: true }),
  ),
  handshakeTarget(
    'SOCKS, client',
    [fromHex('0502010005000001000000000000'), fromHex('0500050000030361626300500102')],
    () =>
      new SocksClientHandshake({
        command: 'connect',
        target: { address: parseAddress('example.com'), port: 80 },
        account: { user: 'a', pass: 'b' },
      }),
  ),
  handshakeTarget(
    'PROXY protocol',
    [
      'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nrest',
      'PROXY TCP6 2001:db8::1 ::1 1 2\r\nrest',
      'PROXY UNKNOWN\r\n',
      fromHex('0d0a0d0a000d0a515549540a2111000cc0000201c000020200010002'),
      fromHex('0d0a0d0a000d0a515549540a20000000ff'),
    ],
    () => new ProxyHeaderDecoder(),
  ),
  textTarget('early data of ws', ['YWJj', 'YWI=', 'YW_-'], 'nothing', decodeEarlyData),
  textTarget('X-Forwarded-For', ['192.0.2.1, 192.0.2.2', '::1'], 'nothing', (text) =>
    forwardedFor(text, at('192.0.2.1', 1)),
  ),
];
