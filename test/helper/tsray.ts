/** tsray within the test's own process, from the same JSON that the command line takes. */
import { Writable } from 'node:stream';
import { createLog } from '../../src/app/log/log.js';
import { createInstance, type Instance } from '../../src/compose/instance.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { formatProblem } from '../../src/config/problem.js';
import type { EnvironmentFlags } from '../../src/contract/environment.js';
import { systemClock } from '../../src/core/clock.js';

export interface Tsray {
  /** The (first) port of the inbound with this tag. */
  port(tag: string): number;
  readonly instance: Instance;
  /** What it has logged. */
  readonly log: string;
  close(): Promise<void>;
}

/** Starts `config`; without a log section it logs warnings to `log`. `flags` are V2Ray's environment flags. */
export async function startTsray(config: object, flags: Partial<EnvironmentFlags> = {}): Promise<Tsray> {
  const { settings, errors } = parseConfig(JSON.stringify({ log: {}, ...config }));
  if (settings === undefined) throw new Error(errors.map(formatProblem).join('\n'));
  let printed = '';
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed += chunk.toString();
      done();
    },
  });
  const instance = createInstance(settings, {
    flags: { vmessAeadDisabled: false, vmessAeadForced: false, vmessPadding: false, ...flags },
    log: createLog({
      ...settings.log,
      clock: systemClock,
      stdout,
    }),
  });
  try {
    await instance.start();
  } catch (error) {
    await instance.stop(0);
    throw error;
  }
  return {
    instance,
    port(tag) {
      const address = instance.inbounds.find((inbound) => inbound.tag === tag)?.addresses[0];
      if (address === undefined) throw new Error(`no inbound has the tag ${tag}`);
      return Number(address.slice(address.lastIndexOf(':') + 1));
    },
    get log() {
      return printed;
    },
    close: () => instance.stop(0),
  };
}
