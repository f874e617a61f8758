/** Shell commands that read or write while others do (seed `dlg.apps.bash_shell_app`, spec/engine.md 6.6). */
import type { Readable } from 'node:stream';
import {
  AppDROPStates,
  DROPStates,
  InvalidDropException,
  messageOf,
  type DROPStates as State,
} from '../../protocol/index.ts';
import { AppDROP, BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { isAppOver } from '../machines.ts';
import { registerDrop } from '../registry.ts';
import { ShellRunner, SHELL, type ShellStreams } from './bash.ts';
import {
  connectTcp,
  holdPipe,
  openPipe,
  openTcp,
  parseAddress,
  releasePipe,
  type ChannelSource,
  type ChannelWriter,
} from './channel.ts';
import { describeApp } from './python-values.ts';
import { latch, type Latch } from './wait.ts';

/**
 * Shell arguments that open pipes inside the child, then become the command itself. `-p` keeps the shell from making
 * a plain file where the pipe is gone.
 */
function throughPipes(from: string | undefined, to: string | undefined) {
  return (commandLine: string): readonly string[] => {
    const steps: string[] = [];
    if (to !== undefined) steps.push('[ -p "$2" ] || exit 74', 'exec >"$2"');
    if (from !== undefined) steps.push('[ -p "$3" ] || exit 74', 'exec <"$3"', 'echo >&3', 'exec 3>&-');
    steps.push(`exec ${SHELL} --norc -c "$1"`);
    return ['-c', steps.join('\n'), SHELL, commandLine, to ?? '', from ?? ''];
  };
}

/** The channel to outputs[0]: a pipe where drop and application are on one node, else TCP. */
async function openChannel(app: AppDROP): Promise<ChannelWriter> {
  const [output] = app.outputs;
  if (!output || !isRead(output))
    throw new InvalidDropException(
      `${describeApp(app)} streams to its first output, but ${output ? `nobody streams from ${output.uid}` : 'it has no output'}; link a streaming consumer.`,
      { details: { uid: app.uid } },
    );
  if (output.node === app.node) return openPipe();
  const host = (app.node ?? app.context.hostName).split(':', 1)[0] as string;
  return openTcp(host, app.signal);
}

/** Whether somebody streams from it who has not given up. */
function isRead(output: DataDROP): boolean {
  return output.streamingConsumers.some((reader) => !isAppOver((reader as AppDROP).execStatus));
}

/** Runs the command with its output going into a channel, whose address is written to outputs[0]. */
async function runIntoChannel(app: AppDROP, runner: ShellRunner, input: InputStreams = {}): Promise<void> {
  const channel = await openChannel(app);
  try {
    const streams: ShellStreams = {
      ...input.streams,
      wrap: throughPipes(input.pipePath, channel.pipePath),
      pipesOut: true,
    };
    // The pipe is met by both sides at once; a connection has to be there before the command may write.
    const running = channel.socket ? undefined : runner.run(streams);
    running?.catch(() => undefined);
    const output = app.outputs[0] as DataDROP;
    await output.writeOrThrow(channel.address);
    // They may all have given up meanwhile.
    if (!isRead(output)) await channel.close();
    await (running ?? runner.run({ ...streams, stdout: await channel.socket }));
  } finally {
    await channel.close();
  }
}

interface InputStreams {
  readonly pipePath?: string;
  readonly streams?: ShellStreams;
}

/** Batch inputs, streamed output. */
export class StreamingOutputBashApp extends BarrierAppDROP {
  readonly #runner: ShellRunner;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#runner = new ShellRunner(this, kwargs);
  }

  get command(): string {
    return this.#runner.command;
  }

  override get lane(): Lane {
    return 'process';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#runner.facts;
  }

  override run(): Promise<void> {
    return runIntoChannel(this, this.#runner);
  }

  override generateRecomputeData(): Record<string, unknown> {
    return this.#runner.recomputeData();
  }
}

/** What one streaming input brought. */
interface IncomingStream {
  readonly source: ChannelSource;
  /** Opens when the command has opened its end of the pipe, or will not any more. */
  readonly connected: Latch;
  isConnected: boolean;
}

/**
 * Standard input from a channel. It starts when its streaming input brings the address of one, and is over when both
 * its command and that input are. Of several streaming inputs each has a run of the command, one after the other.
 */
export class StreamingInputBashApp extends AppDROP {
  readonly #runner: ShellRunner;
  readonly #streams = new Map<string, IncomingStream>();
  readonly #waiting: IncomingStream[] = [];
  #hasStarted = false;
  #isBusy = false;
  #pendingInputs: Set<string> | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#runner = new ShellRunner(this, kwargs);
  }

  get command(): string {
    return this.#runner.command;
  }

  override get lane(): Lane {
    return 'process';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#runner.facts;
  }

  override generateRecomputeData(): Record<string, unknown> {
    return this.#runner.recomputeData();
  }

  /** Inputs that have not reported, of both kinds. */
  get #pending(): Set<string> {
    this.#pendingInputs ??= new Set([...this.streamingInputs, ...this.inputs].map(({ uid }) => uid));
    return this.#pendingInputs;
  }

  /** The address arrives. Does not wait for the command: the producer has to go on. */
  override dataWritten(uid: string, data: Uint8Array): void {
    if (this.#streams.has(uid)) return;
    const source = parseAddress(Buffer.from(data).toString('utf8'), describeApp(this));
    const stream = { source, connected: latch(), isConnected: false };
    this.#streams.set(uid, stream);
    this.#waiting.push(stream);
    if (isAppOver(this.execStatus)) this.#turnAway();
    else this.#startWhenReady();
  }

  override dropCompleted(uid: string, state: State): void {
    this.#pending.delete(uid);
    const isStream = this.streamingInputs.some((input) => input.uid === uid);
    if (!this.#hasStarted && state === DROPStates.SKIPPED) void this.skip();
    else if (!this.#hasStarted && (isStream ? this.#streams.size === 0 : state === DROPStates.ERROR))
      this.#fail(
        new InvalidDropException(
          `${describeApp(this)} cannot start: its input ${uid} ended ${isStream ? 'without the address of a stream' : 'in ERROR'}.`,
          { details: { uid: this.uid, input: uid } },
        ),
      );
    else {
      if (state === DROPStates.ERROR) void this.#standInForWriter(this.#streams.get(uid));
      this.#startWhenReady();
      this.#finishWhenDone();
    }
  }

  /** Address there, batch inputs complete: the command starts. */
  #startWhenReady(): void {
    if (this.#isBusy || this.#waiting.length === 0) return;
    if (this.inputs.some(({ uid }) => this.#pending.has(uid))) return;
    if (!this.#hasStarted && !this._flow.startApp(this._row)) return;
    this.#hasStarted = true;
    this.#isBusy = true;
    this.#work(this.#waiting.shift() as IncomingStream).then(
      () => {
        this.#isBusy = false;
        this.#startWhenReady();
        this.#finishWhenDone();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #finishWhenDone(): void {
    if (this.#hasStarted && !this.#isBusy && this.#pending.size === 0) this._flow.finishApp(this._row);
  }

  /** Cancelled meanwhile: the end of its command is no failure. */
  #fail(error: unknown): void {
    if (this.execStatus <= AppDROPStates.RUNNING) void this.setError(error);
  }

  /** @internal */
  override _execChanged(exec: AppDROPStates): void {
    super._execChanged(exec);
    if (isAppOver(exec)) this.#turnAway();
  }

  /** The writers whose addresses came wait for a reader, and this one will not start on them. */
  #turnAway(): void {
    for (const { source, connected } of this.#waiting.splice(0)) {
      connected.open();
      const turned =
        'pipePath' in source
          ? releasePipe(source.pipePath)
          : connectTcp(source.host, source.port, this.signal).then((socket) => void socket.destroy());
      turned.catch((error: unknown) =>
        this.context.log('warn', this, `Its writer could not be told: ${messageOf(error)}`),
      );
    }
  }

  /** A writer that failed before it opened the pipe will never come: the command reads an empty input then. */
  async #standInForWriter(stream: IncomingStream | undefined): Promise<void> {
    if (!stream || !('pipePath' in stream.source) || stream.isConnected) return;
    const held = await holdPipe(stream.source.pipePath);
    await stream.connected.opened;
    await held?.close();
  }

  async #work(stream: IncomingStream): Promise<void> {
    const { source, connected } = stream;
    if (!('pipePath' in source)) {
      const socket: Readable = await connectTcp(source.host, source.port, this.signal);
      return this.runCommand(this.#runner, { streams: { stdin: socket } });
    }
    const { pipePath } = source;
    const onReady = (): void => {
      stream.isConnected = true;
      connected.open();
    };
    try {
      await this.runCommand(this.#runner, {
        pipePath,
        streams: { onReady, wrap: throughPipes(pipePath, undefined) },
      });
    } finally {
      connected.open();
      // A writer that still waits for this end must not wait for ever.
      if (!stream.isConnected) await releasePipe(pipePath);
    }
  }

  /** Runs the command on its input. */
  protected runCommand(runner: ShellRunner, input: InputStreams): Promise<void> {
    return runner.run(input.streams);
  }
}

/** Streamed input and streamed output. */
export class StreamingInputOutputBashApp extends StreamingInputBashApp {
  protected override runCommand(runner: ShellRunner, input: InputStreams): Promise<void> {
    return runIntoChannel(this, runner, input);
  }
}

registerDrop(StreamingOutputBashApp, 'dlg.apps.bash_shell_app.StreamingOutputBashApp');
registerDrop(StreamingInputBashApp, 'dlg.apps.bash_shell_app.StreamingInputBashApp');
registerDrop(StreamingInputOutputBashApp, 'dlg.apps.bash_shell_app.StreamingInputOutputBashApp');
