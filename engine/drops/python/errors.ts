/** What can go wrong in Python, as errors of the Host. */
import { BadModuleException, InvalidEncodingException, WeirError } from '../../protocol/index.ts';

/** A Python exception as a worker describes it. */
export interface DescribedException {
  readonly type: string;
  readonly message: string;
  /** What was going on: enter, load, construct, decode, bind, run, encode. */
  readonly stage: string;
  readonly traceback: string;
  readonly causes: readonly { readonly type: string; readonly message: string }[];
}

/**
 * An exception that user code raised. Not an error of Weir: an application with `n_tries` is tried again after it.
 * `traceback` shows the user's frames only.
 */
export class PythonException extends Error {
  readonly pythonType: string;
  readonly pythonMessage: string;
  readonly stage: string;
  readonly traceback: string;
  readonly causes: DescribedException['causes'];

  constructor(described: DescribedException) {
    super(described.message ? `${described.type}: ${described.message}` : described.type);
    this.name = 'PythonException';
    this.pythonType = described.type;
    this.pythonMessage = described.message;
    this.stage = described.stage;
    this.traceback = described.traceback;
    this.causes = described.causes;
  }
}

/** A worker process ended while it ran something. Also tried again where `n_tries` allows. */
export class PythonWorkerDied extends Error {
  /** The last lines the process wrote to its standard error. */
  readonly lastLines: readonly string[];

  constructor(what: string, cause: string, lastLines: readonly string[]) {
    const tail = lastLines.length ? ` The last it wrote: ${lastLines.slice(-6).join(' | ')}` : '';
    super(`The Python process running ${what} ended: ${cause}.${tail}`);
    this.name = 'PythonWorkerDied';
    this.lastLines = lastLines;
  }
}

/** A call that was sent along with another was not run: that one failed, or this was withdrawn. */
export class CallNotRun extends Error {
  constructor(what: string) {
    super(`The running of ${what} did not begin: what it was to follow failed, or it was withdrawn.`);
    this.name = 'CallNotRun';
  }
}

/** An object that lived in a worker that is gone. `whyNotAgain`: what forbids to compute it again, where that is known. */
export class PythonObjectLost extends WeirError {
  /** Whether the value is lost for good. */
  readonly isFinal: boolean;

  constructor(label: string, because: string, whyNotAgain?: string) {
    super(
      'APP_FAILED',
      `The value of ${label} was held by a Python process that is gone (${because}), and ${whyNotAgain ? `cannot be computed again: ${whyNotAgain}` : 'has to be computed again.'}`,
      { details: { lost: label } },
    );
    this.isFinal = whyNotAgain !== undefined;
  }
}

/** The error of the Host for what a worker described. `what` names the drop. */
export function errorFor(described: DescribedException, what: string): Error {
  const options = {
    details: {
      stage: described.stage,
      pythonType: described.type,
      traceback: described.traceback,
      causes: described.causes,
    },
  };
  if (described.type === 'BadModule' || (described.type === 'NeedsPackage' && described.stage === 'load'))
    return new BadModuleException(`${what}: ${described.message}`, options);
  if (described.type === 'EncodingError' || described.type === 'NeedsPackage')
    return new InvalidEncodingException(`${what}: ${described.message}`, options);
  return new PythonException(described);
}
