/** argv → command → exit code. */

import { keepYoungGenerationSmall } from '../app/memory/young-generation.js';
import { describeError } from '../core/errors.js';
import { exitCode } from './exit-code.js';

// Before the modules load, hence the late import.
keepYoungGenerationSmall();
let outputFailed = false;
// A reader that goes away (`| head`) ends the output, not the program; a full disk is a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || outputFailed) return;
  outputFailed = true;
  const reason = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
  console.error(`tsray: standard output cannot be written: ${reason}`);
  process.exitCode = exitCode.failure;
});
process.stderr.on('error', () => undefined);
const args = process.argv.slice(2);
// Lists of processes show what this program was started with; a link in it is a password.
if (args.some((arg) => /vmess|:\/\//i.test(arg))) process.title = `tsray ${args[0] ?? ''}`;
try {
  const { createProgram } = await import('./program.js');
  const code = await createProgram(args);
  process.exitCode = outputFailed && code === exitCode.ok ? exitCode.failure : code;
} catch (error) {
  // What gets here is a defect: commands turn expected failures into messages and codes themselves.
  console.error(`tsray: ${describeError(error)}`);
  if (error instanceof Error && error.stack !== undefined) console.error(error.stack);
  process.exitCode = exitCode.failure;
}
