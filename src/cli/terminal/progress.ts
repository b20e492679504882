/** One line that is written over and over, on a terminal only. */
import { columnsOf } from './style.js';
import { cutTo } from './width.js';

export interface Progress {
  show(text: string): void;
  /** Leaves nothing behind. */
  clear(): void;
}

const eraseLine = '\r\u001b[K';

export function createProgress(stream: NodeJS.WriteStream, wanted: boolean): Progress {
  if (!wanted || !stream.isTTY) return { show: () => undefined, clear: () => undefined };
  return {
    show: (text) => void stream.write(`${eraseLine}${cutTo(text, columnsOf(stream) - 1)}`),
    clear: () => void stream.write(eraseLine),
  };
}
