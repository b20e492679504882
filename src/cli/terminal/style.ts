/** Colours, where the stream is a terminal that has them and the user wants them. */
/** Codes that switch a style on and off (ECMA-48, SGR). */
const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

export type Style = keyof typeof codes;
/** The text, styled or not. */
export type Paint = (style: Style, text: string) => string;

interface MaybeTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
}

const plain: Paint = (_style, text) => text;

/** `hasColors` looks at NO_COLOR, FORCE_COLOR and TERM. */
export function paintFor(stream: MaybeTerminal, environment: NodeJS.ProcessEnv = process.env): Paint {
  // Node lets FORCE_COLOR win over NO_COLOR; who sets NO_COLOR wants none.
  const refused = (environment['NO_COLOR'] ?? '') !== '';
  if (refused || stream.isTTY !== true || stream.hasColors?.() !== true) return plain;
  return (style, text) => {
    const [on, off] = codes[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

/** Whether the terminal says, by COLORFGBG, that its background is light; many say nothing. */
export function hasLightBackground(environment: NodeJS.ProcessEnv = process.env): boolean {
  const background = environment['COLORFGBG']?.split(';').at(-1) ?? '';
  // Of the 16 colours: grey and white.
  return background === '7' || background === '15';
}

/** Columns of a terminal; 80 where there is none. */
export function columnsOf(stream: MaybeTerminal): number {
  const columns = stream.isTTY === true ? (stream.columns ?? 80) : 80;
  return columns >= 40 ? columns : 80;
}
