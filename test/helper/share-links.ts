/** Links as v2rayN writes them, made by hand so that tests do not depend on the code that reads them. */
export function v2raynLink(port: number, id: string, more: Readonly<Record<string, string>> = {}): string {
  const fields = {
    v: '2',
    ps: 'test',
    add: '127.0.0.1',
    port: String(port),
    id,
    aid: '0',
    net: 'tcp',
    type: 'none',
  };
  const json = JSON.stringify({ ...fields, host: '', path: '', tls: '', ...more });
  return `vmess://${Buffer.from(json).toString('base64')}`;
}
