import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assetFolders } from '../../../../src/app/geo/asset-folders.js';

test('the folder of the variable, in each of its spellings, then those of packages', () => {
  for (const name of [
    'v2ray.location.asset',
    'V2RAY_LOCATION_ASSET',
    'xray.location.asset',
    'XRAY_LOCATION_ASSET',
  ]) {
    const [first, ...rest] = assetFolders({ [name]: '/my/data' }, '/work', 'linux');
    assert.equal(first, '/my/data');
    assert.ok(rest.includes('/usr/share/v2ray') && rest.includes('/usr/local/share/v2ray'));
    assert.ok(!rest.includes('/work'));
  }
});

test('without the variable the working directory is looked into first', () => {
  assert.equal(assetFolders({ V2RAY_LOCATION_ASSET: '' }, '/work', 'linux')[0], '/work');
  assert.deepEqual(assetFolders({}, 'C:\\tsray', 'win32'), ['C:\\tsray']);
});
