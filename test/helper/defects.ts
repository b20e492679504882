/** Defects that were contained during a test: the process's warnings of type `TsrayDefect`. */
export interface Defects {
  readonly messages: readonly string[];
  stop(): void;
}

/** Listens from now on until `stop`. */
export function watchDefects(): Defects {
  const messages: string[] = [];
  const heard = (warning: Error): void => {
    if (warning.name === 'TsrayDefect') messages.push(warning.message);
  };
  process.on('warning', heard);
  return { messages, stop: () => process.off('warning', heard) };
}
