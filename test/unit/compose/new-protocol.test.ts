/** Adding a protocol is a folder and a line in a table: here a toy of each kind goes through the same tables. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { createDispatcher } from '../../../src/app/dispatcher/dispatcher.js';
import { createOutboundManager } from '../../../src/app/handlers/outbound-manager.js';
import { firstOutbound } from '../../../src/app/router/first-outbound.js';
import { createSystemDns } from '../../../src/compose/dns.js';
import { createInbound } from '../../../src/compose/inbound.js';
import { createOutbounds, outboundProtocols } from '../../../src/compose/outbound.js';
import { createParts } from '../../../src/compose/parts.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { OutboundSettings } from '../../../src/config/settings.js';
import type { Dispatcher } from '../../../src/contract/dispatcher.js';
import type { Outbound } from '../../../src/contract/outbound.js';
import { TsrayError } from '../../../src/core/errors.js';
import { createPipe } from '../../../src/core/stream/pipe.js';
import { MuxServer } from '../../../src/proxy/mux/server.js';
import { MemoryAccessLog, MemoryLogger } from '../../helper/memory-log.js';

/** What it is sent comes back in capitals. */
function createShoutOutbound(tag: string): Outbound {
  return {
    tag,
    open: () => {
      const [ours, theirs] = createPipe();
      theirs.start({
        data: (bytes) => theirs.write(Buffer.from(Buffer.from(bytes).toString('latin1').toUpperCase())),
        end: () => theirs.end(),
        drain: () => undefined,
        closed: () => undefined,
      });
      return Promise.resolve(ours);
    },
    openPackets: () => Promise.reject(new TsrayError('ERR_BLOCKED', 'no datagrams')),
    close: () => Promise.resolve(),
  };
}

test('a toy outbound is one line in the table of protocols', async () => {
  const { settings } = parseConfig(
    JSON.stringify({
      inbounds: [
        {
          protocol: 'dokodemo-door',
          listen: '127.0.0.1',
          port: 0,
          settings: { address: '127.0.0.1', port: 1 },
        },
      ],
      outbounds: [{ protocol: 'freedom', tag: 'shout' }],
    }),
  );
  assert.ok(settings);
  const base = createParts({
    flags: { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false },
    logger: new MemoryLogger(),
    accessLog: new MemoryAccessLog(),
    levels: () => new Map(),
  });
  const parts = { ...base, dns: createSystemDns(base).client };
  const protocols = {
    ...outboundProtocols,
    shout: ({ tag }: { readonly tag: string }) => createShoutOutbound(tag),
  };
  const toy = { ...settings.outbounds[0]!, protocol: 'shout' } as unknown as OutboundSettings;
  const outbounds = createOutboundManager(
    createOutbounds([toy], { ...parts, dispatcher: () => dispatcher }, protocols),
    parts.clock,
  );
  const dispatcher: Dispatcher = createDispatcher({ ...parts, router: firstOutbound, outbounds });
  const inbound = createInbound(settings.inbounds[0]!, {
    ...parts,
    dispatcher,
    mux: new MuxServer(parts),
    detours: new Map(),
  });
  await inbound.start();
  const socket = net.connect(Number(inbound.addresses[0]!.split(':').at(-1)), '127.0.0.1');
  socket.end('hello');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  assert.equal(Buffer.concat(chunks).toString(), 'HELLO');
  await inbound.close();
  await outbounds.close();
});
