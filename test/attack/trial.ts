/** One row against one core: a quiet time, the attack, and a time to settle. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Child } from '../helper/child.js';
import { projectRoot } from '../helper/project.js';
import { socksConnect } from '../helper/socks-client.js';
import { Canary, type CanaryFigures } from './canary.js';
import { type AttackedServer, type Core, startServer } from './cores.js';
import { PeakWatch, type ProcessState, processState } from './process-state.js';
import type { Row, Scene } from './row.js';
import { pause } from './rows/pause.js';

export interface Trial {
  readonly core: Core;
  readonly seen: string;
  /** Undefined for a row without a server. */
  readonly server: ServerFigures | undefined;
}

export interface ServerFigures {
  readonly quiet: CanaryFigures;
  readonly attacked: CanaryFigures;
  /** Ten seconds later, or as the row says. */
  readonly after: CanaryFigures;
  readonly before: ProcessState;
  readonly peak: ProcessState;
  /** Undefined: the process has ended. */
  readonly descriptorsAfter: number | undefined;
  readonly rssAfter: number | undefined;
}

const quietMs = 2_400;
/** Connections before anything is measured: a server that has been at work for a while. */
const warmingConnections = 600;
const descriptorsAfterMs = 5_000;
/** No attack takes longer. */
const attackLimitMs = 30_000;

function script(name: string, args: readonly string[]): Child {
  return new Child(process.execPath, [join(projectRoot, '.build', 'test', 'attack', name), ...args]);
}

async function startEcho(): Promise<Server> {
  const echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1', 4_096);
  await once(echo, 'listening');
  return echo;
}

/** What the attack said it saw; it is ended after its limit. */
async function runAttack(row: Row, scene: Scene): Promise<string> {
  const attacker = script('attacker.js', [row.id, JSON.stringify(scene)]);
  try {
    return (await attacker.line(/^seen: /, attackLimitMs)).slice('seen: '.length);
  } catch (error) {
    return `attack not finished (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`;
  } finally {
    await attacker.close();
  }
}

export async function runTrial(row: Row, core: Core): Promise<Trial> {
  if (row.textOnly === true) {
    const ports = {} as Scene['ports'];
    return { core, seen: await runAttack(row, { core, pid: 0, ports, echoPort: 0 }), server: undefined };
  }
  const names = row.way === 'name' ? script('name-server.js', []) : undefined;
  await names?.line(/started/);
  const echo = await startEcho();
  const server = await startServer(core, row.server ?? {});
  try {
    return await measure(row, server, (echo.address() as AddressInfo).port);
  } finally {
    await server.close();
    await names?.close();
    echo.close();
  }
}

async function warmUp(ports: Scene['ports'], echoPort: number): Promise<void> {
  const one = async (): Promise<void> => {
    const socket = await socksConnect(ports.socks, { host: '127.0.0.1', port: echoPort });
    socket.destroy();
  };
  for (let done = 0; done < warmingConnections; done += 20) {
    await Promise.allSettled(Array.from({ length: 20 }, one));
  }
}

async function measure(row: Row, server: AttackedServer, echoPort: number): Promise<Trial> {
  const { core, pid, ports } = server;
  const canary = new Canary(row.way, ports, echoPort);
  await warmUp(ports, echoPort);
  // The first of its own load what is loaded late, and are not counted.
  await canary.run(pause(500));
  const quiet = await canary.run(pause(quietMs));
  const before = processState(pid);
  if (before === undefined) throw new Error(`${core} ended before it was attacked:\n${server.log()}`);
  const watch = new PeakWatch(pid);
  const attack = runAttack(row, { core, pid, ports, echoPort });
  const attacked = await canary.run(attack);
  const seen = await attack;
  const settleMs = (row.settleSeconds ?? 10) * 1_000;
  const firstMs = row.lateDescriptors === true ? settleMs : Math.min(settleMs, descriptorsAfterMs);
  await pause(firstMs);
  const descriptorsAfter = processState(pid)?.descriptors;
  await pause(settleMs - firstMs);
  const rssAfter = processState(pid)?.rssMegabytes;
  const peak = watch.stop();
  const after = await canary.run(pause(1_000));
  return { core, seen, server: { quiet, attacked, after, before, peak, descriptorsAfter, rssAfter } };
}
