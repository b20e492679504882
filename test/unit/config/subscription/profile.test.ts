import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProfile } from '../../../../src/config/subscription/profile.js';

function read(headers: Readonly<Record<string, string>>): object {
  return readProfile(new Headers(headers));
}

test('title: plain, base64, UTF-8 as Latin-1, or the name of the file', () => {
  assert.deepEqual(read({ 'profile-title': 'Example' }), { title: 'Example' });
  assert.deepEqual(read({ 'profile-title': `base64:${Buffer.from('Größe').toString('base64')}` }), {
    title: 'Größe',
  });
  assert.deepEqual(read({ 'profile-title': Buffer.from('Größe').toString('latin1') }), { title: 'Größe' });
  assert.deepEqual(read({ 'content-disposition': 'attachment; filename="My list.yaml"' }), {
    title: 'My list.yaml',
  });
  assert.deepEqual(
    read({ 'content-disposition': "attachment; filename=x; filename*=UTF-8''Gr%C3%B6%C3%9Fe" }),
    {
      title: 'Größe',
    },
  );
  assert.deepEqual(read({ 'profile-title': 'base64:!' }), {});
});

test('interval, pages, and what has been used', () => {
  assert.deepEqual(
    read({
      'profile-update-interval': '12',
      'profile-web-page-url': 'https://example.com/account',
      'support-url': 'https://example.com/help',
      'subscription-userinfo': 'upload=1; download=2; total=3',
    }),
    {
      updateHours: 12,
      webPage: 'https://example.com/account',
      supportPage: 'https://example.com/help',
      usage: { upload: 1, download: 2, total: 3 },
    },
  );
});

test('what cannot be understood is left out', () => {
  assert.deepEqual(
    read({
      'profile-update-interval': 'daily',
      'profile-web-page-url': 'javascript:alert(1)',
      'support-url': 'nowhere',
      'subscription-userinfo': 'none',
    }),
    {},
  );
});
