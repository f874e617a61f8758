/**
 * Python in long-lived worker processes (resources/python/weir_worker).
 *
 * The contract
 *
 *     Host                                        worker process
 *       |  fd 0: calls, worked on in turn ------>  main thread: decode arguments, run, encode
 *       |  fd 1: answers, logs, questions <------  (user code's stdout and stderr never reach it)
 *       |  fd 2: raw output of C code and children <-
 *       |  fd 3: encode, release, withdraw  ----->  control thread: answered also while user code runs
 *
 * Values. An argument is a JSON value, the content of a drop (bytes or a file, with the encoding of the port), or a
 * `PyContent`: what an earlier function made. Decoding, unpickling above all, happens in workers only; the Host never
 * executes anything it reads.
 *
 * Results. The value is wanted in one or more encodings, one per distinct encoding of the outputs. A small result comes
 * back as bytes at once. A large one stays in the worker as an object under a handle, and
 *   - is not encoded at all where that cannot fail (plain containers, numbers, text, numpy arrays): `isLazy`;
 *   - is encoded at once otherwise, so that a result that cannot be written fails its own drop and no later one.
 * The Host asks for the bytes (`carried`, `bytes`) when a reader other than Python, another worker, an output of the
 * session or a hash needs them. A Python function whose largest input lives in a worker runs in that worker and gets the
 * object without a copy through the Host: the object itself when it is the last reader (`isLast`), else a private copy,
 * for user code may change what it is given.
 *
 * Followers. A call may take calls along that run right behind it, each on the result of the one before, for a process that
 * has to be woken for every call does little else. `leads` and `follows` number them: one whose predecessor failed, or that
 * was withdrawn, is not run. A time limit counts from the answer to what was before.
 *
 * Functions given by code. The text is executed once for each drop, by the process that runs it. `inspect`, before anything
 * runs, executes no more of it than what defines names (sources.py); where that is not all, `load` executes it for a drop,
 * and the call that follows goes to the same process. What a drop with further tries made is kept there until `forget`.
 *
 * Bounds. A worker keeps objects up to a limit of bytes and number; beyond it the least recently used are written to
 * files, the Host is told before they are let go, and readers do not notice. Contents over 4 MiB travel as files. Frames
 * have size limits; the queue of calls has one; a pipe that is not read makes its writer wait.
 *
 * Failures. A worker that crashes, exits, is killed for time or cancelled takes its own call with it, and the objects it
 * held: `onObjectsLost` names them, reading one throws PythonObjectLost. The next call starts a new worker.
 */
export {
  bindArguments,
  type Binding,
  type BindingSources,
  type BoundValue,
  type DescribedArgument,
} from './binding.ts';
export { PyContent, PyObject, type Carried } from './content.ts';
export {
  CallNotRun,
  PythonException,
  PythonObjectLost,
  PythonWorkerDied,
  type DescribedException,
} from './errors.ts';
export { KeptFunction } from './kept-function.ts';
export { KeptObject, PythonKeepers, type KeepSpec } from './keepers.ts';
export { pythonCandidates, pythonResources } from './locate.ts';
export { PythonPool, type ObjectsLostListener, type PythonPoolOptions } from './pool.ts';
export { dlgPath, PYTHON_POOL } from './service.ts';
export * from './types.ts';
