/** A worker thread: an instance without inbounds of its own, whose inbounds come from the main thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { giveMemoryBackWhenIdle, processMemory } from '../../app/memory/idle-memory.js';
import { RelayedLog } from '../../app/workers/log-relay.js';
import { errorOf, plainError } from '../../app/workers/report.js';
import { Reporter } from '../../app/workers/reporter.js';
import { type Settings, validated } from '../../config/settings.js';
import type { Inbound } from '../../contract/inbound.js';
import { systemClock } from '../../core/clock.js';
import { TsrayError, toTsrayError } from '../../core/errors.js';
import { limitReadBuffer } from '../../transport/socket/onread.js';
import type { InboundUsers } from '../inbound.js';
import { createInstance } from '../instance.js';
import type { CallMessage, CallName, FromThread, ThreadCalls, ThreadStart, ToThread } from './calls.js';
import { handshakeStores } from './handshakes.js';

/** The same calls, which may take their time. */
type Answers = {
  readonly [N in CallName]: (...args: Parameters<ThreadCalls[N]>) => void | Promise<void>;
};

function run(port: MessagePort, start: ThreadStart): void {
  const send = (message: FromThread): void => port.postMessage(message);
  // The mark of validated settings is a symbol, which is not cloned.
  const settings: Settings = { ...start.settings, [validated]: true };
  const log = new RelayedLog(settings.log.level, (lines) => send({ kind: 'log', lines }));
  const reporter = new Reporter(
    systemClock,
    () => instance.router.counts(),
    (report) => send({ kind: 'report', report }),
  );
  for (const { bufferBytes } of settings.policy.values()) limitReadBuffer(bufferBytes);
  const instance = createInstance(settings, {
    flags: start.flags,
    assetFolders: start.assetFolders,
    log,
    thread: {
      number: start.number,
      threads: start.threads,
      tracker: reporter,
      onCarrier: (context, link, served) =>
        reporter.carrier(context, { end: (error) => link.destroy(error) }, served),
      handshakes: handshakeStores(start.replays, () => Math.floor(systemClock.nowMs() / 1000)),
    },
  });
  if (start.memory !== undefined) giveMemoryBackWhenIdle(processMemory(start.memory === 'small'));
  const inbounds = new Map<number, Inbound>();
  const inbound = (key: number): Inbound => {
    const found = inbounds.get(key);
    if (found === undefined) throw new TsrayError('ERR_INTERNAL', `the thread has no inbound ${key}`);
    return found;
  };
  const usersOf = (key: number): InboundUsers => {
    const users = instance.usersOf(inbound(key));
    if (users === undefined) throw new TsrayError('ERR_INTERNAL', `the inbound ${key} has no users`);
    return users;
  };
  const answers: Answers = {
    start: () => instance.start(),
    createInbound: (key, made) => void inbounds.set(key, instance.createInbound(made)),
    startInbound: (key) => inbound(key).start(),
    takeOverInbound: (key, next) => {
      if (!inbound(key).takeOver(inbound(next))) {
        throw new TsrayError('ERR_INTERNAL', 'an inbound listens in another place than its successor');
      }
      inbounds.delete(next);
    },
    addUser: (key, user) => usersOf(key).add(user),
    removeUser: async (key, email) => void (await usersOf(key).remove(email)),
    // One that was never opened has nothing to drain.
    drainInbound: async (key) => inbounds.get(key)?.drain(),
    closeInbound: async (key) => {
      await inbounds.get(key)?.close();
      inbounds.delete(key);
    },
    reload: async (next) => void (await instance.reload({ ...next, [validated]: true })),
    stop: async (graceMs) => {
      await Promise.all([...inbounds.values()].map((each) => each.close()));
      await instance.stop(graceMs);
      reporter.flush();
    },
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'end') reporter.end(message.number, errorOf(message.error));
    else void answer(answers, message).then((error) => send({ kind: 'answer', call: message.call, error }));
  });
}

/** The error that the call ended with. */
async function answer(answers: Answers, { args, name }: CallMessage): Promise<FromThreadError> {
  try {
    // The type of a message says that its arguments are those of its name; indexing loses that.
    const call = answers[name] as (...given: readonly unknown[]) => void | Promise<void>;
    await call(...args);
    return undefined;
  } catch (thrown) {
    return plainError(toTsrayError(thrown, 'ERR_INTERNAL'));
  }
}

type FromThreadError = Extract<FromThread, { kind: 'answer' }>['error'];

if (parentPort !== null) run(parentPort, workerData as ThreadStart);
