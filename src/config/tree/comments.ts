/** The scan before parsing: comments become spaces, and brackets are counted. */

/** Deeper nesting than this is refused, since the parser behind recurses. */
export const maxDepth = 100;

export interface Blanked {
  /** Same length and line ends as the input; every comment replaced by spaces, up to `tooDeep`. */
  readonly text: string;
  /** Offset of a block comment that is never closed. */
  readonly unclosedComment: number | undefined;
  /** Offset of the first bracket beyond `maxDepth`. */
  readonly tooDeep: number | undefined;
}

/** Where a string, a comment or a bracket may begin. */
const notable = /["#/{}[\]]/g;

/** Blanks `// …`, `# …` and block comments outside strings. */
export function blankComments(text: string): Blanked {
  const parts: string[] = [];
  const brackets = new BracketStack();
  let copied = 0;
  let unclosedComment: number | undefined;
  let tooDeep: number | undefined;
  for (let at = nextNotable(text, 0); at < text.length; at = nextNotable(text, at)) {
    const char = text[at]!;
    if (char === '"') {
      at = endOfString(text, at);
      continue;
    }
    const end = endOfComment(text, at);
    if (end === undefined) {
      brackets.take(char, at);
      if (brackets.depth > maxDepth) {
        tooDeep = at;
        break;
      }
      at += 1;
      continue;
    }
    if (end > text.length) unclosedComment = at;
    parts.push(text.slice(copied, at), text.slice(at, end).replace(/[^\r\n]/g, ' '));
    at = Math.min(end, text.length);
    copied = at;
  }
  parts.push(text.slice(copied));
  return { text: parts.join(''), unclosedComment, tooDeep };
}

function nextNotable(text: string, from: number): number {
  notable.lastIndex = from;
  return notable.exec(text)?.index ?? text.length;
}

/** Offset of the innermost bracket that is open at `offset` of a text without comments. */
export function openBracketAt(text: string, offset: number): number | undefined {
  const brackets = new BracketStack();
  let at = 0;
  while (at < offset) {
    if (text[at] === '"') {
      at = endOfString(text, at);
    } else {
      brackets.take(text[at]!, at);
      at += 1;
    }
  }
  return brackets.innermost;
}

/**
 * Open brackets. A closing bracket of the wrong kind closes nothing, as in the parser: so the depth here is never less
 * than the parser's, whatever the text.
 */
class BracketStack {
  readonly #open: { readonly closing: string; readonly offset: number }[] = [];

  get depth(): number {
    return this.#open.length;
  }

  get innermost(): number | undefined {
    return this.#open.at(-1)?.offset;
  }

  take(char: string, offset: number): void {
    if (char === '{') this.#open.push({ closing: '}', offset });
    else if (char === '[') this.#open.push({ closing: ']', offset });
    else if (char === this.#open.at(-1)?.closing) this.#open.pop();
  }
}

/** Offset behind the comment that begins at `at`, beyond the text if it is never closed; undefined if there is none. */
function endOfComment(text: string, at: number): number | undefined {
  const char = text[at];
  if (char === '/' && text[at + 1] === '*') {
    const end = text.indexOf('*/', at + 2);
    return end < 0 ? text.length + 1 : end + 2;
  }
  return char === '#' || (char === '/' && text[at + 1] === '/') ? endOfLine(text, at) : undefined;
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at += 1;
  return at;
}

/** What ends a string, or takes the next character into it. */
const stringStop = /["\\\r\n]/g;

/** Offset behind the closing quote. As in the parser, the end of the line ends a string, and `\` takes any character. */
function endOfString(text: string, from: number): number {
  stringStop.lastIndex = from + 1;
  for (;;) {
    const stop = stringStop.exec(text);
    if (stop === null) return text.length;
    if (stop[0] === '"') return stop.index + 1;
    if (stop[0] !== '\\') return stop.index;
    stringStop.lastIndex = stop.index + 2;
  }
}
