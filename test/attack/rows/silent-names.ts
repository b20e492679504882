import { socksConnect } from '../../helper/socks-client.js';
import type { Row } from '../row.js';
import { pause } from './pause.js';

async function askAll(
  port: number,
  echoPort: number,
  hosts: readonly string[],
): Promise<{ ok: number; seconds: number }> {
  const began = performance.now();
  const outcomes = await Promise.allSettled(
    hosts.map(async (host) => (await socksConnect(port, { host, port: echoPort })).destroy()),
  );
  const ok = outcomes.filter(({ status }) => status === 'fulfilled').length;
  return { ok, seconds: (performance.now() - began) / 1000 };
}

export const silentNames: Row = {
  id: '4',
  title: 'names whose server is silent',
  what:
    '1,000 connections ask for names that the name server never answers; a second later 600 for names that it answers ' +
    'after 30 ms. The canary asks for a new name each time, which is answered at once. Seen: how many of the 600 were ' +
    'served and after how long the last.',
  way: 'name',
  needsNamespace: true,
  async attack({ ports, echoPort }) {
    const names = (count: number, kind: string): string[] =>
      Array.from({ length: count }, (_, index) => `n${index}x${Date.now()}.${kind}.test`);
    const silent = askAll(ports.socks, echoPort, names(1_000, 'silent'));
    silent.catch(() => undefined);
    await pause(1_000);
    const { ok, seconds } = await askAll(ports.socks, echoPort, names(600, 'slow'));
    await pause(1_000);
    return `${ok} of 600 names in ${seconds.toFixed(2)} s`;
  },
};
