/** 64 MiB each way: curl → tsray's client → V2Ray 4.34's server, for every security and both header kinds. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  freedomOutbound,
  headerKinds,
  securities,
  socksInbound,
  vmessInbound,
  vmessOutbound,
} from '../helper/configs.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { assertDownload, assertUpload, type PayloadFile, writePayloadFile } from '../helper/large.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

describe('64 MiB, tsray client, V2Ray server', { skip: skipWithout('v2ray') || skipWithout('curl') }, () => {
  let origin: HttpOrigin;
  let server: V2ray;
  let serverPort: number;
  let file: PayloadFile;

  before(async () => {
    file = writePayloadFile();
    origin = await startHttpOrigin();
    [serverPort = 0] = await freePorts(1);
    server = await startV2ray({
      log: { loglevel: 'warning' },
      inbounds: [vmessInbound(serverPort)],
      outbounds: [freedomOutbound],
    });
  });
  after(async () => {
    await server.close();
    await origin.close();
    file.remove();
  });

  for (const kind of headerKinds) {
    for (const security of securities) {
      describe(`${security}, ${kind} header`, () => {
        let client: TsrayProcess;
        let port: number;
        before(async () => {
          [port = 0] = await freePorts(1);
          client = await startTsrayProcess({
            inbounds: [socksInbound(port)],
            outbounds: [vmessOutbound(serverPort, kind, security)],
          });
        });
        after(() => client.close());

        test('download', () => assertDownload(port, origin));
        test('upload', () => assertUpload(port, origin, file));
        test('no error in the log', () => assert.doesNotMatch(client.log, /\[Error\]/));
      });
    }
  }
});
