/** The commands around links, as programs run them: what they print, and with which exit code they end. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatShareLink } from '../../../src/config/share-link/format-share-link.js';
import { Child } from '../../helper/child.js';
import { freedomOutbound, users, vmessInbound } from '../../helper/configs.js';
import { curl } from '../../helper/curl.js';
import { type HttpOrigin, startHttpOrigin } from '../../helper/http-origin.js';
import { skipWithout } from '../../helper/peer.js';
import { closedPort, freePorts } from '../../helper/ports.js';
import { startTsray, type Tsray } from '../../helper/tsray.js';
import { cleanEnvironment, spawnTsray, tsrayProgram } from '../../helper/tsray-process.js';

const id = users.aead.id;

let folder: string;
let origin: HttpOrigin;
let server: Tsray;
let link: string;
let target: string;

/** A link to a port of this machine. */
function linkTo(port: number, name: string, user = id): string {
  const vnext = [{ address: '127.0.0.1', port, users: [{ id: user }] }];
  return formatShareLink({ protocol: 'vmess', settings: { vnext } }, { style: 'url', name });
}

interface Ran {
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
}

/** Runs a command to its end, in the folder of this test. */
async function tsray(args: readonly string[], input = ''): Promise<Ran> {
  const child = new Child(process.execPath, [tsrayProgram, ...args], {
    cwd: folder,
    env: cleanEnvironment({ NO_COLOR: '1' }),
    input,
  });
  const { code } = await child.exit;
  return { code, output: child.output };
}

interface Web {
  readonly url: string;
  close(): Promise<void>;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsray-links-'));
  origin = await startHttpOrigin();
  server = await startTsray({ inbounds: [vmessInbound(0)], outbounds: [freedomOutbound] });
  link = linkTo(server.port('vmess'), 'home');
  target = `http://127.0.0.1:${origin.port}/`;
});
after(async () => {
  await server.close();
  await origin.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('ping', () => {
  test('a link: how long its parts take', async () => {
    const { code, output } = await tsray(['ping', link, '--target', target, '--json']);
    assert.equal(code, 0, output);
    const { servers } = JSON.parse(output) as { servers: Record<string, unknown>[] };
    const [{ dialMs, firstByteMs, handshakeMs, totalMs, ...rest } = {}] = servers;
    assert.deepEqual(rest, {
      number: 1,
      name: 'home',
      server: `127.0.0.1:${server.port('vmess')}`,
      transport: 'tcp',
      warnings: [],
      ok: true,
      status: 200,
    });
    const parts = [dialMs, handshakeMs, firstByteMs].map(Number);
    for (const part of parts) assert(part >= 0);
    assert(parts.reduce((sum, part) => sum + part) <= Number(totalMs) + 1);
  });

  test('a list: the fastest first, failures with their reason, other lines named', async () => {
    const closed = await closedPort();
    const silent = createTcpServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const silentPort = (silent.address() as AddressInfo).port;
    const lines = [
      linkTo(closed, 'closed'),
      link,
      `${linkTo(silentPort, 'silent')}`,
      'trojan://secret@example.com:443',
      'vless://secret@example.com:443',
      'trojan://other@example.com:443',
      link.replace('#', '&fp=chrome#').replace('home', 'fp'),
    ];
    writeFileSync(join(folder, 'list.txt'), Buffer.from(lines.join('\n')).toString('base64'));
    const { code, output } = await tsray(['ping', 'list.txt', '--target', target, '--timeout', '2']);
    silent.close();
    assert.equal(code, 0, output);
    const shown = output
      .replaceAll(/ +\d+ ms/g, ' N ms')
      .replace(/(home|fp)( .*)\n\d {2}(home|fp)/, (text) => {
        return text.replace('home', 'x').replace('fp', 'x');
      });
    const port = server.port('vmess');
    for (const expected of [
      /^# +name +server +transport +dial +first byte +total$/m,
      new RegExp(`^\\d  x +127\\.0\\.0\\.1:${port} +tcp N ms N ms N ms$`, 'm'),
      /^2 servers did not answer:$/m,
      new RegExp(`closed +127\\.0\\.0\\.1:${closed}\n +ERR_DIAL_REFUSED: 127\\.0\\.0\\.1:${closed} refused`),
      /silent .*\n +ERR_DIAL_TIMEOUT: no answer from .* within 2 s\. Hint: The user\n +ID may be wrong/,
      /note: left out, since tsray speaks VMess only: 2 trojan, 1 vless/,
      /warning: 1 link: fp="chrome" cannot be had/,
    ]) {
      assert.match(shown, expected);
    }
    assert(!output.includes('secret') && !output.includes(id), output);
    for (const line of output.split('\n')) assert(line.length <= 80 || line.startsWith('tsray: '), line);
  });

  test('a subscription: base64 from a web server, and what has been used of it', async () => {
    const web = await startWeb((path) => {
      if (path === '/sub?token=geheim') {
        const headers = {
          'subscription-userinfo': 'upload=0; download=1073741824; total=107374182400; expire=1800000000',
        };
        return { status: 200, headers, body: Buffer.from(`${link}\r\n`).toString('base64') };
      }
      if (path === '/html') return { status: 200, headers: {}, body: '<!doctype html><p>Sign in</p>' };
      if (path === '/large') return { status: 200, headers: {}, body: 'x'.repeat(33 * 1024 * 1024) };
      return { status: 403, headers: {}, body: 'no' };
    });
    const ping = (path: string): Promise<Ran> => tsray(['ping', `${web.url}${path}`, '--target', target]);
    try {
      const good = await ping('/sub?token=geheim');
      assert.equal(good.code, 0, good.output);
      assert.match(good.output, /subscription: used 1\.0 GiB of 100 GiB, until 2027-01-15/);
      assert.match(good.output, /^home .* ms$/m);
      const cases = {
        '/html': /found a web page/,
        '/large': /more than 32 MiB/,
        '/x?token=geheim': /answered 403/,
      };
      for (const [path, message] of Object.entries(cases)) {
        const bad = await ping(path);
        assert.equal(bad.code, 1);
        assert.match(bad.output, /^tsray: ERR_SUBSCRIPTION: /m);
        assert.match(bad.output, message);
        assert(!bad.output.includes('geheim'), bad.output);
      }
    } finally {
      await web.close();
    }
    const gone = await ping('/sub?token=geheim');
    assert.equal(gone.code, 1);
    assert.match(gone.output, /ERR_SUBSCRIPTION: 127\.0\.0\.1:\d+ cannot be read: it refused the connection/);
    assert(!gone.output.includes('geheim'), gone.output);
  });

  test('a configuration: every server of every outbound', async () => {
    const closed = await closedPort();
    const server1 = { address: '127.0.0.1', port: server.port('vmess'), users: [{ id }] };
    const config = {
      outbounds: [
        { tag: 'a', protocol: 'vmess', settings: { vnext: [server1, { ...server1, port: closed }] } },
        { tag: 'chained', protocol: 'vmess', settings: { vnext: [server1] }, proxySettings: { tag: 'hop' } },
        { tag: 'hop', protocol: 'vmess', settings: { vnext: [server1] } },
        { tag: 'direct', protocol: 'freedom' },
      ],
    };
    writeFileSync(join(folder, 'ping.json'), JSON.stringify(config));
    const { code, output } = await tsray(['ping', '-c', 'ping.json', '--target', target, '--json']);
    assert.equal(code, 0, output);
    const { servers } = JSON.parse(output) as {
      servers: { name: string; ok: boolean; code?: string }[];
    };
    assert.deepEqual(servers.map(({ code: error, name, ok }) => `${name} ${ok ? 'ok' : error}`).sort(), [
      'a ERR_DIAL_REFUSED',
      'a ok',
      'chained ok',
      'hop ok',
    ]);
  });

  test('what cannot be tried is a message and exit code 1', async () => {
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['no-such-file'], /ERR_USAGE: no-such-file cannot be read: there is no such file/],
      [['vless://secret@example.com:1'], /ERR_LINK: expected a vmess:\/\/ link, found vless/],
      [[link, '-c', 'ping.json'], /found both/],
      [[link, '--target', 'ftp://example.com'], /expected an http: or https: URL/],
      [[link, '--timeout', 'x'], /expected a number of seconds/],
      [[linkTo(1, 'nobody'), '--target', 'http://127.0.0.1:1/'], /1 server did not answer/],
    ];
    for (const [args, message] of cases) {
      const { code, output } = await tsray(['ping', ...args]);
      assert.equal(code, 1, output);
      assert.match(output, message);
      assert.doesNotMatch(output, /\n\s+at /);
    }
  });
});

describe('connect', () => {
  test('--test: says that it works, then serves SOCKS and HTTP until SIGTERM', {
    skip: skipWithout('curl'),
  }, async () => {
    const child = spawnTsray(['connect', '-', '--listen', '0', '--test', '--target', target], {
      input: link,
    });
    try {
      const line = await child.line(/curl -x socks5h:/);
      await child.line(/Ctrl-C stops it/);
      assert.match(child.output, /^tsray leads to home$/m);
      assert.match(child.output, /^ {2}test {5}127\.0\.0\.1:\d+ answered in \d+ ms$/m);
      const [proxy = ''] = /127\.0\.0\.1:\d+/.exec(line) ?? [];
      for (const scheme of ['socks5h', 'http']) {
        const result = await curl('-x', `${scheme}://${proxy}`, target);
        assert.equal(result.text, 'hello\n', result.stderr);
      }
      child.kill('SIGTERM');
      assert.deepEqual(await child.exit, { code: 0, signal: null });
      assert(!child.output.includes(id), child.output);
    } finally {
      await child.close();
    }
  });

  test('--test: gives the reason, and exit code 1', async () => {
    const closed = await closedPort();
    const run = (...args: string[]): Promise<Ran> => tsray(['connect', '--listen', '0', '--test', ...args]);
    const refused = await run(linkTo(closed, 'closed'), '--target', target);
    assert.equal(refused.code, 1);
    assert.match(refused.output, /127\.0\.0\.1:\d+ did not answer/);
    assert.match(refused.output, new RegExp(`ERR_DIAL_REFUSED: 127\\.0\\.0\\.1:${closed} refused`));
    const noTarget = await run(link, '--target', `http://127.0.0.1:${closed}/`);
    assert.equal(noTarget.code, 1, noTarget.output);
    assert.match(noTarget.output, /^tsray: ERR_/m);
  });

  test('warns of what the link asks for, and of a proxy for everybody', async () => {
    const child = spawnTsray([
      'connect',
      `${link}&x`.replace('#', '&security=tls&fp=chrome&allowInsecure=1#'),
      '--listen',
      '0.0.0.0:0',
    ]);
    try {
      await child.line(/Ctrl-C stops it/);
      assert.match(child.output, /warning: fp="chrome" cannot be had/);
      assert.match(child.output, /warning: the link says not to check the server's certificate/);
      assert.match(child.output, /warning: everybody who reaches this machine can use the proxy/);
    } finally {
      await child.close();
    }
  });

  test('what cannot start is a message and exit code 1', async () => {
    const [port = 0] = await freePorts(1);
    const busy = createTcpServer();
    await new Promise<void>((resolve) => busy.listen(port, '127.0.0.1', resolve));
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [
        [link, '--listen', `127.0.0.1:${port}`],
        /ERR_LISTEN: port \d+ on 127\.0\.0\.1 is in use\. Hint: .*--listen/,
      ],
      [[link, '--listen', 'example.com:1'], /expected IP:port/],
      [[], /ERR_USAGE: <servers> is missing\. Hint: `tsray help connect` shows/],
    ];
    try {
      for (const [args, message] of cases) {
        const { code, output } = await tsray(['connect', ...args]);
        assert.equal(code, 1, output);
        assert.match(output, message);
      }
    } finally {
      busy.close();
    }
  });
});

describe('a subscription of several servers', () => {
  let closed: number;
  let web: Web;

  before(async () => {
    closed = await closedPort();
    const clash = `proxies:
  - {name: closed, type: vmess, server: 127.0.0.1, port: ${closed}, uuid: ${id}, alterId: 0, cipher: auto}
  - {name: other, type: ss, server: 127.0.0.1, port: 1, password: geheim, cipher: aes-128-gcm}
  - {name: good, type: vmess, server: 127.0.0.1, port: ${server.port('vmess')}, uuid: ${id}, alterId: 0, cipher: auto}
`;
    const headers = { 'profile-title': 'Example', 'profile-web-page-url': 'https://example.com/account' };
    web = await startWeb(() => ({ status: 200, headers, body: clash }));
    writeFileSync(join(folder, 'several.txt'), `${linkTo(closed, 'closed')}\n${link}\n`);
  });
  after(() => web.close());

  test('test lists them, with what cannot be used', async () => {
    const { code, output } = await tsray(['test', web.url]);
    assert.equal(code, 0, output);
    const port = server.port('vmess');
    assert.match(output, /^tsray: subscription: Example, page https:\/\/example\.com$/m);
    assert.match(output, /^tsray: note: left out, since tsray speaks VMess only: 1 shadowsocks$/m);
    assert.match(output, /^# {2}name +server +transport$/m);
    assert.match(
      output,
      new RegExp(`^1  closed +127\\.0\\.0\\.1:${closed} +tcp\n2  good +127\\.0\\.0\\.1:${port} +tcp$`, 'm'),
    );
    const json = JSON.parse((await tsray(['test', 'several.txt', '--json'])).output) as {
      servers: { number: number; name: string }[];
    };
    assert.deepEqual(
      json.servers.map(({ name, number }) => `${number} ${name}`),
      ['1 closed', '2 home'],
    );
  });

  test('connect wants to know which, by number, name or as the fastest', {
    skip: skipWithout('curl'),
  }, async () => {
    const unclear = await tsray(['connect', web.url, '--listen', '0']);
    assert.equal(unclear.code, 1);
    assert.match(unclear.output, /^2 {2}good /m);
    assert.match(unclear.output, /ERR_USAGE: there are 2 servers, and --server does not say which/);
    const many = Array.from({ length: 70 }, (_, index) => linkTo(closed, `n${index + 1}`));
    writeFileSync(join(folder, 'many.txt'), many.join('\n'));
    const cut = await tsray(['connect', 'many.txt', '--listen', '0']);
    assert.match(
      cut.output,
      /^60 {2}n60 .*\n\.\.\. and 10 more; `tsray test` lists all of them\ntsray: ERR_USAGE/m,
    );
    const unknown = await tsray(['connect', web.url, '--server', 'Berlin']);
    assert.match(unknown.output, /no server has the name "Berlin"/);
    for (const which of ['2', 'GOOD', 'fastest']) {
      const child = spawnTsray(['connect', web.url, '--server', which, '--listen', '0', '--target', target]);
      try {
        const line = await child.line(/curl -x socks5h:/);
        assert.match(child.output, /^tsray leads to good$/m);
        const [proxy = ''] = /127\.0\.0\.1:\d+/.exec(line) ?? [];
        assert.equal((await curl('-x', `socks5h://${proxy}`, target)).text, 'hello\n');
      } finally {
        await child.close();
      }
    }
  });

  test('ping tries one of them, link writes links, init makes a configuration', async () => {
    const pinged = await tsray(['ping', web.url, '--server', 'good', '--target', target, '--json']);
    assert.equal(pinged.code, 0, pinged.output);
    const { profile, servers } = JSON.parse(pinged.output) as {
      servers: { name: string; number: number }[];
      profile: object;
    };
    assert.deepEqual(
      servers.map(({ name, number }) => `${number} ${name}`),
      ['2 good'],
    );
    assert.deepEqual(profile, { title: 'Example', webPage: 'https://example.com/account' });
    const links = await tsray(['link', web.url, '--style', 'url']);
    assert.match(
      links.output,
      new RegExp(`vmess://${id}@127\\.0\\.0\\.1:${closed}\\?.*#closed\nvmess://.*#good$`),
    );
    const one = await tsray(['link', 'several.txt', '--server', '2', '--style', 'url']);
    assert.equal(one.output, (await tsray(['link', link, '--style', 'url'])).output);
    const config = await tsray(['init', 'client', 'several.txt', '--server', 'home', '-o', '-']);
    assert.match(config.output, new RegExp(`"port": ${server.port('vmess')}`));
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['init', 'client', 'several.txt', '-o', '-'], /there are 2 servers, and --server does not say which/],
      [['init', 'client', '--server', '1', '-o', '-'], /--server needs a subscription/],
      [['init', 'server', '--server', '1', '-o', '-'], /--server belongs to `tsray init client`/],
      [['link', '--server', '1'], /--server needs a subscription/],
      [['link', 'several.txt', '--address', 'a.example'], /--address belongs to the configuration/],
      [['link', 'several.txt', '-c', 'x.json'], /found both/],
      [['test', '--json'], /--json is for a link or a subscription/],
      [['ping', 'several.txt', '--server', 'fastest'], /Leave --server out/],
    ];
    for (const [args, message] of cases) {
      const { code, output } = await tsray(args);
      assert.equal(code, 1, output);
      assert.match(output, message);
    }
  });

  test('a link that lost its scheme is not taken for a file and not repeated', async () => {
    for (const bare of [
      link.slice('vmess://'.length),
      Buffer.from(`{"add":"a","id":"${id}"}`).toString('base64'),
    ]) {
      const { code, output } = await tsray(['connect', bare]);
      assert.equal(code, 1);
      assert.match(output, /ERR_LINK: the link has lost its beginning\. Hint: Put "vmess:\/\/" in front/);
      assert(!output.includes(id) && !output.includes(bare), output);
    }
  });
});

describe('init and link', () => {
  test('a server, its link, and a client from the link', async () => {
    const made = await tsray(['init', 'server', '--port', '12345', '-o', 'server.json']);
    assert.equal(made.code, 0, made.output);
    assert.match(made.output, /^Wrote server\.json\.\n/);
    assert.match(made.output, /tsray link --address HOST -c server\.json/);
    assert.equal(statSync(join(folder, 'server.json')).mode & 0o777, 0o600);
    assert.equal(
      (await tsray(['test', '-c', 'server.json'])).output,
      'The configuration is fine: 1 inbound, 1 outbound.',
    );
    const needsAddress = await tsray(['link', '-c', 'server.json']);
    assert.equal(needsAddress.code, 1);
    assert.match(
      needsAddress.output,
      /ERR_USAGE: .*whose address it does not hold\. Hint: Name it with --address/,
    );
    const printed = await tsray([
      'link',
      '-c',
      'server.json',
      '--address',
      'vpn.example.com',
      '--style',
      'url',
    ]);
    assert.equal(printed.code, 0, printed.output);
    assert.match(
      printed.output,
      /^vmess:\/\/[0-9a-f-]{36}@vpn\.example\.com:12345\?encryption=auto&type=tcp&security=none#vmess$/,
    );
    const client = await tsray(['init', 'client', printed.output, '--listen', '1081', '-o', 'client.json']);
    assert.equal(client.code, 0, client.output);
    assert.equal(
      (await tsray(['link', '-c', 'client.json', '--style', 'url'])).output,
      printed.output.replace('#vmess', '#server'),
    );
    assert.match(
      (await tsray(['init', 'client', '-', '-o', '-'], printed.output)).output,
      /vpn\.example\.com/,
    );
  });

  test('init leaves what exists as it is', async () => {
    writeFileSync(join(folder, 'config.json'), 'mine');
    for (const what of ['client', 'server']) {
      const { code, output } = await tsray(['init', what]);
      assert.equal(code, 1);
      assert.match(output, /ERR_USAGE: config\.json exists already and is left as it is/);
    }
    assert.equal(readFileSync(join(folder, 'config.json'), 'utf8'), 'mine');
    rmSync(join(folder, 'config.json'));
  });

  test('init says where an option belongs', async () => {
    assert.match(
      (await tsray(['init', 'server', '--listen', '1'])).output,
      /--listen belongs to `tsray init client`/,
    );
    assert.match(
      (await tsray(['init', 'client', '--port', '1'])).output,
      /--port belongs to `tsray init server`/,
    );
    assert.match(
      (await tsray(['init', 'both'])).output,
      /ERR_USAGE: <what>: expected client, server, found "both"/,
    );
  });

  test('link: JSON, notes, PNGs with numbers', async () => {
    const config = {
      outbounds: [
        {
          tag: 'a',
          protocol: 'vmess',
          settings: { vnext: [{ address: 'a.example', port: 1, users: [{ id }] }] },
        },
        {
          tag: 'b',
          protocol: 'vmess',
          settings: { vnext: [{ address: 'b.example', port: 2, users: [{ id }] }] },
          mux: { enabled: true },
        },
      ],
    };
    writeFileSync(join(folder, 'two.json'), JSON.stringify(config));
    const { code, output } = await tsray(['link', '-c', 'two.json', '--json', '--png', 'code.png']);
    assert.equal(code, 0, output);
    // There are no inbounds, and nobody asked for some.
    assert(!output.includes('inbounds'), output);
    const links = JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)) as {
      tag: string;
      notes: string[];
    }[];
    assert.deepEqual(
      links.map(({ notes, tag }) => [tag, notes]),
      [
        ['a', []],
        ['b', ['mux is not in the link']],
      ],
    );
    for (const name of ['code-1.png', 'code-2.png']) {
      assert.equal(readFileSync(join(folder, name)).toString('latin1', 1, 4), 'PNG');
    }
    const drawn = await tsray(['link', '-c', 'two.json', '--qr']);
    assert.match(drawn.output, /^a\nvmess:.*\n█+\n/m);
    assert(!drawn.output.includes('\u001b'), 'no colours outside a terminal');
    // Its quiet zone is blank.
    const inverted = await tsray(['link', '-c', 'two.json', '--qr', '--invert']);
    assert.match(inverted.output, /^a\nvmess:.*\n\s+█▀▀▀▀▀█ .* █▀▀▀▀▀█\s*\n/m);
  });
});

describe('cert', () => {
  test('JSON for a server that a client trusts by the same certificate', async () => {
    const { code, output } = await tsray(['cert', 'a.example', '--domain', '127.0.0.1', '--expire', '24h']);
    assert.equal(code, 0);
    const made = JSON.parse(output) as { certificate: string[]; key: string[] };
    const parsed = new X509Certificate(made.certificate.join('\n'));
    assert.equal(parsed.subjectAltName, 'DNS:a.example, IP Address:127.0.0.1');
    const days = (Date.parse(parsed.validTo) - Date.now()) / 86_400_000;
    assert(days > 0.99 && days < 1.01);
    const tls = { security: 'tls', tlsSettings: { certificates: [made] } };
    const secure = await startTsray({
      inbounds: [{ ...vmessInbound(0), streamSettings: tls }],
      outbounds: [freedomOutbound],
    });
    try {
      const trusting = {
        serverName: 'a.example',
        certificates: [{ usage: 'verify', certificate: made.certificate }],
      };
      const outbound = (tlsSettings: object): object => ({
        protocol: 'vmess',
        tag: 'x',
        settings: { vnext: [{ address: '127.0.0.1', port: secure.port('vmess'), users: [{ id }] }] },
        streamSettings: { security: 'tls', tlsSettings },
      });
      const pinged = async (tlsSettings: object): Promise<Ran> => {
        const input = JSON.stringify({ outbounds: [outbound(tlsSettings)] });
        return tsray(['ping', '-c', '-', '--target', target], input);
      };
      const trusted = await pinged(trusting);
      assert.equal(trusted.code, 0, trusted.output);
      const unknown = await pinged({ serverName: 'a.example' });
      assert.equal(unknown.code, 1);
      assert.match(unknown.output, /ERR_TLS/);
    } finally {
      await secure.close();
    }
  });

  test('PEM, files and a CA', async () => {
    const pem = await tsray(['cert', '--pem', '--ca']);
    assert.match(
      pem.output,
      /^-----BEGIN CERTIFICATE-----\n[\s\S]*-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n/,
    );
    assert.equal(new X509Certificate(pem.output).ca, true);
    const files = await tsray(['cert', '--file', 'mine']);
    assert.equal(files.output, 'Wrote mine_cert.pem and mine_key.pem.');
    assert.equal(
      new X509Certificate(readFileSync(join(folder, 'mine_cert.pem'))).subjectAltName,
      'DNS:localhost',
    );
    assert.equal(statSync(join(folder, 'mine_key.pem')).mode & 0o777, 0o600);
    const again = await tsray(['cert', '--file', 'mine']);
    assert.equal(again.code, 1);
    assert.match(again.output, /mine_key\.pem exists already/);
    assert.match((await tsray(['cert', '--expire', 'soon'])).output, /a length of time such as 90d/);
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function startWeb(answer: (path: string) => Answer): Promise<Web> {
  const web: Server = createServer((request, response) => {
    const { body, headers, status } = answer(request.url ?? '');
    response.writeHead(status, { ...headers, connection: 'close' });
    response.end(body);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        web.closeAllConnections();
        web.close(() => resolve());
      }),
  };
}
