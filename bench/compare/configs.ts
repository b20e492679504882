/** Configurations that V2Ray and tsray both run: a door in front, VMess between, freedom behind. */
export const userId = 'a3482e88-686a-4a58-8126-99c9df64b7bf';

/** The n-th of many users. */
export function manyUserId(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

export interface ClientOptions {
  readonly doorPort: number;
  readonly targetPort: number;
  readonly serverPort: number;
  readonly security?: string;
  readonly id?: string;
  readonly stream?: object;
  readonly mux?: object | undefined;
  readonly predial?: number;
}

/** dokodemo-door → VMess. */
export function clientConfig(options: ClientOptions): object {
  const {
    doorPort,
    targetPort,
    serverPort,
    security = 'aes-128-gcm',
    id = userId,
    stream = {},
    mux,
    predial,
  } = options;
  return {
    inbounds: [
      {
        protocol: 'dokodemo-door',
        listen: '127.0.0.1',
        port: doorPort,
        settings: { address: '127.0.0.1', port: targetPort, network: 'tcp' },
      },
    ],
    outbounds: [
      {
        protocol: 'vmess',
        streamSettings: stream,
        ...(mux === undefined ? {} : { mux }),
        ...(predial === undefined ? {} : { predial }),
        settings: {
          vnext: [{ address: '127.0.0.1', port: serverPort, users: [{ id, alterId: 0, security }] }],
        },
      },
    ],
  };
}

/** VMess → freedom, for `users` users; the last of many has `manyUserId(users − 1)`. */
export function serverConfig(serverPort: number, users = 1, stream: object = {}): object {
  const clients =
    users === 1
      ? [{ id: userId, alterId: 0 }]
      : Array.from({ length: users }, (_, index) => ({ id: manyUserId(index), alterId: 0 }));
  return {
    inbounds: [
      {
        protocol: 'vmess',
        listen: '127.0.0.1',
        port: serverPort,
        settings: { clients },
        streamSettings: stream,
      },
    ],
    outbounds: [{ protocol: 'freedom' }],
  };
}
