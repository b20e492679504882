/** argv → command → exit code. */
import { describeError } from '../core/errors.js';
import { exitCode } from './exit-code.js';
import { keepYoungGenerationSmall } from './young-generation.js';

// Before the modules load, hence the late import.
keepYoungGenerationSmall();
try {
  const { createProgram } = await import('./program.js');
  process.exitCode = await createProgram(process.argv.slice(2));
} catch (error) {
  // What gets here is a defect: commands turn expected failures into messages and codes themselves.
  console.error(`tsray: ${describeError(error)}`);
  if (error instanceof Error && error.stack !== undefined) console.error(error.stack);
  process.exitCode = exitCode.failure;
}
