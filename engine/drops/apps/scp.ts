/** Copies between machines (seed `dlg.apps.scp`, spec/engine.md 6.11). */
import { cp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DaliugeException, InvalidDropException } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { portParam, readParams, secondsParam, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { limitOf } from '../time-limit.ts';
import { makeDirectories } from '../util/make-directory.ts';
import { pathOf } from './named-ports.ts';
import { describeApp } from './python-values.ts';
import { copyFrom, copyTo, type RemoteAccess } from './remote.ts';

const PARAMS = {
  user: stringParam('remoteUser', null, 'User on the other machine; else the one here'),
  key: stringParam('pkeyPath', null, 'Private key; else the agent or the usual keys'),
  timeout: secondsParam('timeout', 5, 'Seconds a connection may take, and the other machine may be silent'),
  port: portParam('sshPort', 22, 'Port of the SSH server on the other machine'),
} as const;

/**
 * Copies the file or directory of its input to that of its output. The application stands on the node of one of them:
 * on the input's it pushes, on the output's it pulls; where all three are on one node it just copies.
 */
export class ScpApp extends BarrierAppDROP {
  readonly #params;
  #facts: Record<string, unknown> = {};

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(PARAMS, kwargs, this.uid);
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#facts;
  }

  /** Its `timeout` is that of the connection. */
  protected override get timeLimitMs(): undefined {
    return undefined;
  }

  override async run(): Promise<void> {
    const [input, ...moreInputs] = this.inputs;
    const [output, ...moreOutputs] = this.outputs;
    const from = input && pathOf(input);
    const to = output && pathOf(output);
    if (
      !input ||
      !output ||
      moreInputs.length + moreOutputs.length > 0 ||
      from === undefined ||
      to === undefined
    )
      throw new InvalidDropException(
        `${describeApp(this)} copies exactly one input with a path to one output with a path, but has ${this.inputs.length} inputs and ${this.outputs.length} outputs (files and directories have paths).`,
        { details: { uid: this.uid } },
      );
    const here = hostOf(this);
    const [source, target] = [hostOf(input), hostOf(output)];
    this.#facts = { from: `${source ?? ''}:${from}`, to: `${target ?? ''}:${to}` };
    if (here === source && here === target) {
      await makeDirectories(path.dirname(to));
      await cp(from, to, { recursive: true, force: true });
    } else if (here === source) await this.#named(copyTo(this.#access(target), from, to));
    else if (here === target) await this.#named(copyFrom(this.#access(source), from, to));
    else
      throw new InvalidDropException(
        `${describeApp(this)} is on node ${String(this.node)}, but must be on that of its input (${String(input.node)}) or of its output (${String(output.node)}).`,
        { details: { uid: this.uid } },
      );
  }

  /** What goes wrong on the way says whose way it was. */
  async #named(copying: Promise<void>): Promise<void> {
    try {
      await copying;
    } catch (cause) {
      if (!(cause instanceof DaliugeException)) throw cause;
      const { code, message, details } = cause;
      throw new DaliugeException(code, `${describeApp(this)}: ${message}`, {
        cause,
        details: { ...details, uid: this.uid },
      });
    }
  }

  #access(host: string | null): RemoteAccess {
    const { user, key, timeout, port } = this.#params;
    return {
      host: host ?? 'localhost',
      port,
      username: user ?? os.userInfo().username,
      pkeyPath: key ?? undefined,
      timeoutMs: limitOf(timeout) ?? PARAMS.timeout.fallback * 1000,
      env: this.context.env,
      signal: this.signal,
      onUnknownHost: (fingerprint) =>
        this.context.log(
          'warn',
          this,
          `The key of ${host ?? 'localhost'} (${fingerprint}) is not in known_hosts; it was taken on trust.`,
        ),
    };
  }
}

/** Nodes are `host` or `host:port:...`. */
function hostOf(drop: AbstractDROP): string | null {
  return drop.node === null ? null : (drop.node.split(':', 1)[0] as string);
}

registerDrop(ScpApp, 'dlg.apps.scp.ScpApp');
