/** undici through a client. The package is loaded when it is first used, since starting it costs 50 ms. */
import { createRequire } from 'node:module';
import { TLSSocket } from 'node:tls';
import type { Agent, buildConnector } from 'undici';
import { followHolding } from '../transport/tls/hold.js';
import type { Connect } from './http-agent.js';

type Undici = typeof import('undici');

let loaded: Undici | undefined;

export function loadUndici(): Undici {
  loaded ??= createRequire(import.meta.url)('undici') as Undici;
  return loaded;
}

/** Options of undici's Agent; `connect` holds those of `tls.connect`. */
export type DispatcherOptions = Omit<Agent.Options, 'connect' | 'factory'> & {
  readonly connect?: buildConnector.BuildOptions;
};

export function createUndiciAgent(connect: Connect, options: DispatcherOptions = {}): Agent {
  const { Agent: UndiciAgent, buildConnector: build } = loadUndici();
  const { connect: tlsOptions, ...rest } = options;
  const secure = build({ ...tlsOptions, ...(rest.allowH2 === undefined ? {} : { allowH2: rest.allowH2 }) });
  return new UndiciAgent({
    ...rest,
    connect: (target, callback) => {
      const isSecure = target.protocol === 'https:';
      const port = target.port === '' ? (isSecure ? 443 : 80) : Number(target.port);
      connect({ host: target.hostname, port }).then(
        (stream) => {
          // undici's types say net.Socket; it needs a Duplex with a socket's setters.
          const socket = stream as buildConnector.Options['httpSocket'] & object;
          if (isSecure) {
            secure({ ...target, httpSocket: socket }, (...result) => {
              const [, secured] = result;
              if (secured instanceof TLSSocket) followHolding(secured, stream);
              callback(...result);
            });
          } else callback(null, socket);
        },
        (error: unknown) => callback(error as Error, null),
      );
    },
  });
}
