import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { Log } from '../../../src/app/log/log.js';
import { createInstance } from '../../../src/compose/instance.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { FakeClock } from '../../helper/fake-clock.js';
import { MemoryAccessLog, MemoryLogger } from '../../helper/memory-log.js';

/** A door to `targetPort`. */
function instanceWith(clock: FakeClock, connIdleSeconds = 300, targetPort = 9) {
  const door = { address: '127.0.0.1', port: targetPort };
  const { settings } = parseConfig(
    JSON.stringify({
      policy: { levels: { 0: { connIdle: connIdleSeconds } } },
      inbounds: [{ protocol: 'dokodemo-door', tag: 'in', listen: '127.0.0.1', port: 0, settings: door }],
      outbounds: [{ protocol: 'freedom' }],
    }),
  );
  assert.ok(settings);
  const flags = { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false };
  const log: Log = {
    logger: new MemoryLogger(),
    access: new MemoryAccessLog(),
    reopen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return createInstance(settings, { flags, log, clock });
}

function portOf(instance: ReturnType<typeof instanceWith>): number {
  return Number(instance.inbounds[0]!.addresses[0]!.split(':').at(-1));
}

test('an instance goes through its stages', async () => {
  const instance = instanceWith(new FakeClock());
  assert.equal(instance.stage, 'made');
  await instance.start();
  assert.equal(instance.stage, 'accepting');
  const stopped = instance.stop(0);
  await stopped;
  assert.equal(instance.stage, 'closed');
});

test('two instances in one process have each their own policy', async () => {
  const echo = net.createServer((socket) => {
    // An idle connection that is cut is reset.
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = echo.address() as net.AddressInfo;
  const hasty = new FakeClock();
  const patient = new FakeClock();
  const instances = [instanceWith(hasty, 5, port), instanceWith(patient, 300, port)] as const;
  await Promise.all(instances.map((instance) => instance.start()));
  try {
    const [cut, kept] = instances.map((instance) => net.connect(portOf(instance), '127.0.0.1')) as [
      net.Socket,
      net.Socket,
    ];
    for (const socket of [cut, kept]) {
      socket.write('a');
      await once(socket, 'data');
    }
    cut.on('error', () => undefined);
    // `once` of node:events would reject with the reset.
    const closed = new Promise((resolve) => cut.once('close', resolve));
    patient.advance(5000);
    hasty.advance(5000);
    await closed;
    kept.write('b');
    assert.equal(String((await once(kept, 'data'))[0]), 'b');
    kept.destroy();
  } finally {
    await Promise.all(instances.map((instance) => instance.stop(0)));
    echo.close();
  }
});

test('inbounds come and go while the instance runs', async () => {
  const instance = instanceWith(new FakeClock());
  await instance.start();
  const port = portOf(instance);
  await instance.handlers.inbounds.remove('in', 0);
  const refused = net.connect(port, '127.0.0.1');
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  await instance.stop(0);
});
