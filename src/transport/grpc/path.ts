/** The request path of a gun service, from `serviceName`. */

export interface GrpcPaths {
  readonly tun: string;
  readonly tunMulti: string;
}

/**
 * `name` → `/name/Tun` and `/name/TunMulti`, the name escaped as one part of a path. A name that starts with `/` is
 * the whole path, as in Xray: its last part names the method, or both methods as `Tun|TunMulti`.
 */
export function grpcPaths(serviceName: string): GrpcPaths {
  if (!serviceName.startsWith('/')) {
    const service = `/${escapePart(serviceName)}`;
    return { tun: `${service}/Tun`, tunMulti: `${service}/TunMulti` };
  }
  const lastSlash = serviceName.lastIndexOf('/');
  const folder = serviceName.slice(1, Math.max(1, lastSlash)).split('/').map(escapePart).join('/');
  const [tun = '', tunMulti = tun] = serviceName.slice(lastSlash + 1).split('|');
  return { tun: `/${folder}/${escapePart(tun)}`, tunMulti: `/${folder}/${escapePart(tunMulti)}` };
}

/** As Go's url.PathEscape: these stay as they are beside letters and digits. */
const plain = /[^A-Za-z0-9\-_.~$&+:=@]+/g;

function escapePart(part: string): string {
  return part.replace(plain, (text) =>
    Buffer.from(text).reduce(
      (escaped, byte) => `${escaped}%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      '',
    ),
  );
}
