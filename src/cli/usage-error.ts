/** What commander says of a command line that it does not understand, in this program's words. Pure. */

interface Said {
  readonly pattern: RegExp;
  /** `found`: what the pattern's groups found. */
  readonly words: (...found: readonly string[]) => string;
}

const sayings: readonly Said[] = [
  {
    pattern: /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.+)\.$/s,
    words: (flag = '', found = '', choices = '') => `${flag}: expected ${choices}, found ${shown(found)}`,
  },
  {
    pattern: /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.+)$/s,
    words: (flag = '', found = '', why = '') => `${flag}: ${complaint(why, found)}`,
  },
  {
    pattern: /^command-argument value '(.*)' is invalid for argument '(.+?)'\. Allowed choices are (.+)\.$/s,
    words: (found = '', name = '', choices = '') => `<${name}>: expected ${choices}, found ${shown(found)}`,
  },
  { pattern: /^missing required argument '(.+)'$/, words: (name = '') => `<${name}> is missing` },
  {
    pattern: /^option '(?:-\w, )?(--[\w-]+) (<.+>)' argument missing$/s,
    words: (flag = '', value = '') => `${flag} needs ${value} behind it`,
  },
  {
    pattern: /^too many arguments for '.+'\. Expected (\d+) arguments? but got (\d+)\.$/s,
    words: (wanted = '', found = '') =>
      `expected ${wanted === '0' ? 'no argument' : `${wanted} argument${wanted === '1' ? '' : 's'}`}, found ${found}`,
  },
  {
    pattern: /^unknown (option|command) '(.*)'$/s,
    words: (kind = '', found = '') => `there is no ${kind} ${shown(found)}`,
  },
];

const longestShown = 60;

function shown(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown - 3)}...` : text);
}

/** `Expected x.` → `expected x, found "y"`; other sentences stand for themselves. */
function complaint(sentence: string, found: string): string {
  const text = sentence.trim().replace(/\.$/, '');
  return /^expected/i.test(text) ? `e${text.slice(1)}, found ${shown(found)}` : text;
}

/** `command`: the one that was called; undefined: none was. */
export function usageError(said: string, command: string | undefined): string {
  const [first = '', ...more] = said.trim().split('\n');
  const text = first.replace(/^error: /, '');
  const suggestion = /^\(Did you mean (?:one of )?(.+?)\?\)$/.exec(more.join(' '))?.[1];
  const help = command === undefined ? '`tsray help`' : `\`tsray help ${command}\``;
  const hint = suggestion === undefined ? `${help} shows what is possible.` : `Did you mean ${suggestion}?`;
  return `tsray: ERR_USAGE: ${inOurWords(text)}. Hint: ${special(text, command) ?? hint}\n`;
}

/** A configuration that is named without its flag. */
function special(text: string, command: string | undefined): string | undefined {
  if (!text.startsWith('too many arguments')) return undefined;
  return command === 'run' ? 'Name the configuration with -c FILE.' : undefined;
}

function inOurWords(text: string): string {
  for (const { pattern, words } of sayings) {
    const match = pattern.exec(text);
    if (match !== null) return words(...match.slice(1));
  }
  return text.replace(/\.$/, '');
}
