/** Debian's Chromium loads a page with 50 resources through tsray. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runChild } from '../helper/child.js';
import { socksInbound, vmessInbound, vmessOutbound } from '../helper/configs.js';
import { type HttpOrigin, pageResources, startHttpOrigin } from '../helper/http-origin.js';
import { findProgram, skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

describe('Chromium', { skip: skipWithout(...names) }, () => {
  let origin: HttpOrigin;
  let server: TsrayProcess;
  let client: TsrayProcess;
  let port: number;

  before(async () => {
    origin = await startHttpOrigin();
    const [vmess = 0, proxy = 0] = await freePorts(2);
    port = proxy;
    // Chromium calls its maker whatever its flags say; every name leads to the test's own server instead.
    const redirect = `127.0.0.1:${origin.port}`;
    server = await startTsrayProcess({
      inbounds: [vmessInbound(vmess)],
      outbounds: [{ protocol: 'freedom', settings: { redirect } }],
    });
    client = await startTsrayProcess({
      inbounds: [socksInbound(port)],
      outbounds: [vmessOutbound(vmess, 'aead', 'auto')],
    });
  });
  after(async () => {
    await client.close();
    await server.close();
    await origin.close();
  });

  for (const scheme of ['socks5', 'http']) {
    test(`loads a page with ${pageResources} resources through ${scheme}`, { timeout: 90_000 }, async () => {
      const profile = mkdtempSync(join(tmpdir(), 'tsray-chromium-'));
      const before = origin.requests.length;
      try {
        const result = await runChild(findProgram(...names) ?? '', [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          '--disable-dev-shm-usage',
          `--user-data-dir=${profile}`,
          `--proxy-server=${scheme}://127.0.0.1:${port}`,
          '--proxy-bypass-list=<-loopback>',
          '--dump-dom',
          `http://127.0.0.1:${origin.port}/page`,
        ]);
        assert.ok(result.output.includes(`>loaded ${pageResources}<`), result.output.slice(-1_000));
        const scripts = origin.requests.slice(before).filter((path) => path.startsWith('/resource/'));
        assert.equal(new Set(scripts).size, pageResources);
      } finally {
        rmSync(profile, { recursive: true, force: true });
      }
      // The page came through the proxy, not past it.
      assert.match(server.log, new RegExp(`accepted tcp:127\\.0\\.0\\.1:${origin.port}`));
    });
  }
});
