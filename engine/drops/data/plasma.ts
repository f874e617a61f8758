/**
 * Drops of the Apache Plasma store, which upstream removed in 2024 together with Plasma itself (spec/engine.md 4.14).
 * Old graphs still run: the data is kept in shared memory, and the drop's log says so.
 */
import { randomBytes } from 'node:crypto';
import type { DropKwargs } from '../drop.ts';
import { registerDrop } from '../registry.ts';
import { SharedMemoryDROP } from './shared-memory.ts';

const OBJECT_ID_BYTES = 20;

export class PlasmaDROP extends SharedMemoryDROP {
  readonly #objectId: Buffer;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#objectId = objectId(this.parameters['object_id'], this.uid);
    this.context.log(
      'warn',
      this,
      `Plasma stores exist no more: the data of ${this.constructor.name} ${this.uid} is kept in shared memory, where plasma clients do not find it.`,
    );
  }

  protected get scheme(): string {
    return 'plasma';
  }

  override get dataURL(): string {
    return `${this.scheme}://${this.#objectId.toString('hex')}`;
  }
}

export class PlasmaFlightDROP extends PlasmaDROP {
  protected override get scheme(): string {
    return 'plasmaflight';
  }
}

function objectId(given: unknown, uid: string): Buffer {
  if (typeof given === 'string' && given !== '') return Buffer.from(given, 'latin1');
  return uid.length === OBJECT_ID_BYTES ? Buffer.from(uid, 'latin1') : randomBytes(OBJECT_ID_BYTES);
}

registerDrop(
  PlasmaDROP,
  'dlg.data.drops.plasma.PlasmaDROP',
  'dlg.data.drops.PlasmaDROP',
  'dlg.drop.PlasmaDROP',
);
registerDrop(
  PlasmaFlightDROP,
  'dlg.data.drops.plasma.PlasmaFlightDROP',
  'dlg.data.drops.PlasmaFlightDROP',
  'dlg.drop.PlasmaFlightDROP',
);
