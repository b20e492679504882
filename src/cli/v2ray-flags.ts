/** V2Ray's own way to be called (`v2ray -config a.json -test`) as this program's commands. */

/** Flags that V2Ray writes with one dash and several letters. */
const withValue = new Set(['config', 'confdir', 'format']);

/**
 * `-config a`, `-config=a`, `-confdir`, `-format`, `-test`, `-version` and `-c` without a command become `run`, `test`
 * or `version` with `--` options; everything else is passed on as it is.
 */
export function translateV2rayFlags(given: readonly string[]): readonly string[] {
  // What follows is never its value: a file or link may stand there.
  const args = given.map((arg) => (arg === '--ignore-unsupported' ? `${arg}=closed` : arg));
  const flags = args.map((arg) => /^--?(config|confdir|format|test|version)(=.*)?$/.exec(arg)?.[1]);
  const bare = flags[0] !== undefined || args[0] === '-c' || args[0]?.startsWith('-c=') === true;
  // After a command only the single dash is V2Ray's.
  const rest = args.flatMap((arg, index) => {
    const name = flags[index];
    if (name === undefined || (!bare && arg.startsWith('--'))) return [arg];
    if (!bare) return withValue.has(name) ? [`-${arg}`] : [arg];
    return withValue.has(name) ? [arg.startsWith('--') ? arg : `-${arg}`] : [];
  });
  if (!bare) return rest;
  if (flags.includes('version')) return ['version'];
  return [flags.includes('test') ? 'test' : 'run', ...rest];
}
