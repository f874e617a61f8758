/** Drops without content: pure events between applications (spec/engine.md 4.9). */
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { NullIO } from '../io/null-io.ts';
import { registerDrop } from '../registry.ts';
import { Flags } from '../table.ts';

/** Stores nothing; size and checksum are those of what was written. */
export class NullDROP extends DataDROP {
  static readonly lazy: boolean = true;

  override getIO(): NullIO {
    return new NullIO();
  }

  get dataURL(): string {
    return 'null://';
  }
}

/** A null drop whose completion ends the session: everything that is not over yet is skipped. */
export class EndDROP extends NullDROP {
  static override readonly lazy: boolean = false;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this._flow.table.setFlag(this._row, Flags.END);
  }
}

registerDrop(NullDROP, 'dlg.data.drops.data_base.NullDROP', 'dlg.data.drops.NullDROP', 'dlg.drop.NullDROP');
registerDrop(EndDROP, 'dlg.data.drops.data_base.EndDROP', 'dlg.data.drops.EndDROP', 'dlg.drop.EndDROP');
