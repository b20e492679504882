/** 64 MiB each way: curl → V2Ray 4.34's client → tsray's server, for every security it has and both header kinds. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type ClientLane,
  freedomOutbound,
  headerKinds,
  v2rayClient,
  v2raySecurities,
  vmessInbound,
} from '../helper/configs.js';
import { type HttpOrigin, startHttpOrigin } from '../helper/http-origin.js';
import { assertDownload, assertUpload, type PayloadFile, writePayloadFile } from '../helper/large.js';
import { skipWithout } from '../helper/peer.js';
import { freePorts } from '../helper/ports.js';
import { startTsrayProcess, type TsrayProcess } from '../helper/tsray-process.js';
import { startV2ray, type V2ray } from '../helper/v2ray.js';

const combinations = headerKinds.flatMap((kind) => v2raySecurities.map((security) => ({ kind, security })));

describe('64 MiB, V2Ray client, tsray server', { skip: skipWithout('v2ray') || skipWithout('curl') }, () => {
  let origin: HttpOrigin;
  let server: TsrayProcess;
  let client: V2ray;
  let lanes: readonly ClientLane[];
  let file: PayloadFile;

  before(async () => {
    file = writePayloadFile();
    origin = await startHttpOrigin();
    const [serverPort = 0, ...ports] = await freePorts(combinations.length + 1);
    lanes = combinations.map(({ kind, security }, index) => ({
      name: `${security}-${kind}`,
      port: ports[index] ?? 0,
      kind,
      security,
    }));
    server = await startTsrayProcess({ inbounds: [vmessInbound(serverPort)], outbounds: [freedomOutbound] });
    client = await startV2ray({ log: { loglevel: 'warning' }, ...v2rayClient(lanes, serverPort) });
  });
  after(async () => {
    await client.close();
    await server.close();
    await origin.close();
    file.remove();
  });

  for (const [index, { kind, security }] of combinations.entries()) {
    const port = (): number => lanes[index]?.port ?? 0;
    test(`${security}, ${kind} header: download`, () => assertDownload(port(), origin));
    test(`${security}, ${kind} header: upload`, () => assertUpload(port(), origin, file));
  }
  test('no error in the log', () => assert.doesNotMatch(server.log, /\[Error\]/));
});
