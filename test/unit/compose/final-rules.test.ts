/** Lists of data files in freedom's `finalRules`, from the file to the connection that is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GeoFiles } from '../../../src/app/geo/geo-data.js';
import { createOutbounds } from '../../../src/compose/outbound.js';
import { partsOf } from '../../../src/library/parts.js';
import { outboundOf } from '../../helper/config.js';
import { contextFor, destinationOf } from '../../helper/contexts.js';
import { geoipBytes, noGeo, removeFolder } from '../../helper/geo.js';
import { MemoryAccessLog, MemoryLogger } from '../../helper/memory-log.js';

const settings = outboundOf({
  protocol: 'freedom',
  settings: { finalRules: [{ action: 'block', ip: ['geoip:here'] }] },
});
const dispatcher = (): never => assert.fail('it is asked when a connection comes');

test('an address in a list of geoip.dat is not reached', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsray-final-'));
  writeFileSync(join(folder, 'geoip.dat'), geoipBytes({ HERE: [[[127, 0, 0, 0], 8]] }));
  const geo = new GeoFiles([folder], new MemoryLogger());
  const parts = partsOf({}, new Map(), new MemoryAccessLog());
  const [outbound] = createOutbounds([settings], { ...parts, geo, dispatcher });
  removeFolder(folder);
  await assert.rejects(outbound!.open(contextFor(destinationOf('tcp', '127.0.0.1', 1))), {
    code: 'ERR_BLOCKED',
    message: /is blocked by finalRules/,
  });
});

test('a list that cannot be had is an error before anything is served', () => {
  const parts = partsOf({}, new Map(), new MemoryAccessLog());
  assert.throws(() => createOutbounds([settings], { ...parts, geo: noGeo, dispatcher }), {
    code: 'ERR_CONFIG_GEO',
  });
  assert.throws(() => createOutbounds([settings], { ...parts, dispatcher }), {
    code: 'ERR_CONFIG_UNSUPPORTED',
  });
});
