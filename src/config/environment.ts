/** V2Ray's environment flags, each in two spellings: `v2ray.vmess.padding` and `V2RAY_VMESS_PADDING`. */
import type { EnvironmentFlags } from '../contract/environment.js';

/** Variables as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The flag's value: the spelling with dots first, as V2Ray looks; undefined if neither is set. */
export function readFlag(environment: Environment, name: string): string | undefined {
  return environment[name] ?? environment[name.toUpperCase().replaceAll('.', '_')];
}

export function readEnvironmentFlags(environment: Environment): EnvironmentFlags {
  return {
    vmessAeadDisabled: readFlag(environment, 'v2ray.vmess.aead.disabled') === 'true',
    vmessAeadForced: readFlag(environment, 'v2ray.vmess.aead.forced') === 'true',
    vmessPadding: readFlag(environment, 'v2ray.vmess.padding') !== undefined,
  };
}
