import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GeoFiles } from '../../../../src/app/geo/geo-data.js';
import { GeoRefresh } from '../../../../src/app/geo/geo-refresh.js';
import { geoListName } from '../../../../src/app/geo/list-name.js';
import { FakeClock } from '../../../helper/fake-clock.js';
import { geositeBytes, removeFolder, vectorFolder } from '../../../helper/geo.js';
import { MemoryLogger } from '../../../helper/memory-log.js';

test('files are looked at every five seconds until it is closed', async () => {
  const folder = vectorFolder();
  try {
    const clock = new FakeClock();
    const files = new GeoFiles([folder], new MemoryLogger());
    const list = files.domains(geoListName('synth.dat', 'small'), []);
    const refresh = new GeoRefresh(files, clock);
    await refresh.start();
    const path = join(folder, 'synth.dat');
    writeFileSync(path, geositeBytes({ SMALL: [['full', 'new.test']] }));
    utimesSync(path, 1_700_000_500, 1_700_000_500);
    clock.advance(5_000);
    assert.equal(list.current.names.has('new.test'), false);
    clock.advance(5_000);
    assert.equal(list.current.names.has('new.test'), true);
    await refresh.close();
    assert.equal(clock.pendingTimers, 0);
  } finally {
    removeFolder(folder);
  }
});

test('without data files there is nothing to look at', async () => {
  const clock = new FakeClock();
  const refresh = new GeoRefresh(new GeoFiles([], new MemoryLogger()), clock);
  await refresh.start();
  assert.equal(clock.pendingTimers, 0);
  await refresh.close();
});
