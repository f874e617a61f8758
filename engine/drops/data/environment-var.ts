/** Named values for other drops (seed `EnvironmentVarDROP`, gone upstream since 2025 and still in graphs; spec 4.14). */
import { WeirError } from '../../protocol/index.ts';
import { fromJson } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { FixedContentDROP } from './fixed.ts';
import { pythonJsonText } from './python-json.ts';

/** Parameters that belong to the dropspec and are no variables (upstream's DEFAULT_INTERNAL_PARAMETERS, completed). */
const INTERNAL = new Set([
  'dropclass', 'category', 'storage', 'fields', 'streaming', 'persist', 'rank', 'loop_ctx', 'weight', 'iid',
  'config_data', 'mode', 'group_end', 'group_start', 'applicationArgs', 'componentParams', 'constraintParams', 'reprodata',
  'consumers', 'producers', 'inputs', 'outputs', 'streamingConsumers', 'streamingInputs', 'children', 'parent', 'port_map',
  'dlg_session_id', '_dlg_session_id', 'data_volume', 'base_name', 'dataclass', 'appclass',
]); // prettier-ignore

export class EnvironmentVarDROP extends FixedContentDROP {
  /** The drop's own variables. */
  variables(): Record<string, unknown> {
    const all = Object.entries(this.parameters).filter(([name]) => !INTERNAL.has(name));
    return Object.fromEntries(all);
  }

  /** The drop's own value, else that of the environment; undefined where neither has it. */
  get(key: string): unknown {
    if (!INTERNAL.has(key) && Object.hasOwn(this.parameters, key)) return this.parameters[key];
    return this.context.env[key];
  }

  getMultiple(keys: readonly string[]): unknown[] {
    return keys.map((key) => this.get(key));
  }

  /** Refused: the variables are those of the graph. */
  set(key: string, _value: unknown): never {
    throw new WeirError(
      'NOT_IMPLEMENTED',
      `EnvironmentVarDROP ${this.uid} cannot have ${key} set while it runs; set it in the graph.`,
    );
  }

  get dataURL(): string {
    return `config://${this.context.hostName}/${process.pid}/${this.bufferId}`;
  }

  protected override makeContent(): Uint8Array {
    return Buffer.from(pythonJsonText(fromJson(this.variables())));
  }
}

registerDrop(
  EnvironmentVarDROP,
  'dlg.data.drops.environmentvar_drop.EnvironmentVarDROP',
  'dlg.data.drops.EnvironmentVarDROP',
  'dlg.environmentvar_drop.EnvironmentVarDROP',
);
