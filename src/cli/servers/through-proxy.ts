/** A request through a proxy on this machine, as any program would make it. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../core/clock.js';
import { TsrayError } from '../../core/errors.js';
import { formatHostPort } from '../../core/net/address.js';
import { type PingResult, ping } from '../../library/ping.js';
import type { Target } from '../../library/target.js';
import type { ListenAddress } from '../listen-address.js';

/** Rejects with a TsrayError. */
export function pingThroughProxy(proxy: ListenAddress, url: string, timeoutMs: number): Promise<PingResult> {
  return ping(
    {
      open: (target, signal) => openTunnel(proxy, target, signal),
      nowMs: () => systemClock.monotonicMs(),
    },
    { url, timeoutMs },
  );
}

async function openTunnel(proxy: ListenAddress, target: Target, signal: AbortSignal): Promise<Duplex> {
  const connect = request({
    host: proxy.host,
    port: proxy.port,
    method: 'CONNECT',
    path: formatHostPort(target.host, target.port),
    signal,
  });
  connect.end();
  const [response, socket] = (await once(connect, 'connect', { signal })) as [{ statusCode: number }, Duplex];
  if (response.statusCode === 200) return socket;
  socket.destroy();
  throw new TsrayError('ERR_UPSTREAM', `the proxy answered ${response.statusCode}`);
}
