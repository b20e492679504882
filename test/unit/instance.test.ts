import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { createInstance } from '../../src/index.js';
import { socksInbound } from '../helper/configs.js';
import { freePorts } from '../helper/ports.js';

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function instanceOn(ports: readonly number[]) {
  return createInstance(
    {
      inbounds: ports.map((port) => ({ ...socksInbound(port), tag: `in-${port}` })),
      outbounds: [{ protocol: 'freedom' }],
    },
    { onLog: () => undefined },
  );
}

test('stopping before the start has finished leaves nothing open', async () => {
  const ports = await freePorts(3);
  const instance = instanceOn(ports);
  const started = instance.start();
  await instance.stop();
  await started;
  for (const port of ports) assert.equal(await listens(port), false);
});

test('a second start is the first one; after a stop it is an error', async () => {
  const [port = 0] = await freePorts(1);
  const instance = instanceOn([port]);
  await Promise.all([instance.start(), instance.start()]);
  await instance.start();
  assert.equal(await listens(port), true);
  await instance.stop();
  await assert.rejects(instance.start(), { code: 'ERR_CLOSED' });
  assert.equal(await listens(port), false);
});

test('a start that failed can be tried again', async () => {
  const [port = 0] = await freePorts(1);
  const first = instanceOn([port]);
  await first.start();
  const second = instanceOn([port]);
  await assert.rejects(second.start(), { code: 'ERR_LISTEN' });
  await first.stop();
  await second.start();
  assert.equal(await listens(port), true);
  await second.stop();
});
