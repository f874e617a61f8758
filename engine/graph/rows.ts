/** The columns of a graph while it is read: they grow together, so that a new row is one look at the room that is left. */

type Integers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

function wider<T extends Integers>(array: T, length: number): T {
  const next = new (array.constructor as new (n: number) => T)(length);
  next.set(array);
  return next;
}

/** One entry a dropspec. Starts and lengths are in bytes of the text. */
export class RowColumns {
  count = 0;
  specStart = new Uint32Array(64);
  specLength = new Uint32Array(64);
  oidStart = new Uint32Array(64);
  oidLength = new Uint32Array(64);
  nameStart = new Uint32Array(64);
  nameLength = new Uint32Array(64);
  lgKeyStart = new Uint32Array(64);
  lgKeyLength = new Uint32Array(64);
  kind = new Uint8Array(64);
  flags = new Uint8Array(64);
  classId = new Uint16Array(64);
  nodeId = new Uint16Array(64);

  /** A new row, all zero but for its start. */
  add(specStart: number): number {
    const row = this.count++;
    if (row === this.kind.length) this.#grow();
    this.specStart[row] = specStart;
    return row;
  }

  /** Takes the last row away. */
  pop(): void {
    this.clear(--this.count);
  }

  /** Forgets what was noted of a row but where it starts. */
  clear(row: number): void {
    for (const column of this.#all()) column[row] = 0;
  }

  #all(): readonly (Uint8Array | Uint16Array | Uint32Array)[] {
    return [
      ...[this.specLength, this.oidStart, this.oidLength, this.nameStart, this.nameLength],
      ...[this.lgKeyStart, this.lgKeyLength, this.kind, this.flags, this.classId, this.nodeId],
    ];
  }

  #grow(): void {
    const length = this.kind.length * 2;
    this.specStart = wider(this.specStart, length);
    this.specLength = wider(this.specLength, length);
    this.oidStart = wider(this.oidStart, length);
    this.oidLength = wider(this.oidLength, length);
    this.nameStart = wider(this.nameStart, length);
    this.nameLength = wider(this.nameLength, length);
    this.lgKeyStart = wider(this.lgKeyStart, length);
    this.lgKeyLength = wider(this.lgKeyLength, length);
    this.kind = wider(this.kind, length);
    this.flags = wider(this.flags, length);
    this.classId = wider(this.classId, length);
    this.nodeId = wider(this.nodeId, length);
  }
}

/** One entry a link as it was met: whose spec lists it, under which type, and where the other id stands. */
export class LinkColumns {
  count = 0;
  row = new Uint32Array(64);
  type = new Uint8Array(64);
  start = new Uint32Array(64);
  length = new Uint32Array(64);

  add(row: number, type: number, start: number, length: number): void {
    const at = this.count++;
    if (at === this.type.length) this.#grow();
    this.row[at] = row;
    this.type[at] = type;
    this.start[at] = start;
    this.length[at] = length;
  }

  #grow(): void {
    const length = this.type.length * 2;
    this.row = wider(this.row, length);
    this.type = wider(this.type, length);
    this.start = wider(this.start, length);
    this.length = wider(this.length, length);
  }
}
