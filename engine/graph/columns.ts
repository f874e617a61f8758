/** Growing columns of integers. */

abstract class Column<T extends Uint8Array | Uint16Array | Uint32Array> {
  protected data: T;
  length = 0;

  constructor(data: T) {
    this.data = data;
  }

  push(value: number): void {
    if (this.length === this.data.length) this.#grow();
    this.data[this.length++] = value;
  }

  pop(): void {
    this.length--;
  }

  get(at: number): number {
    return this.data[at] as number;
  }

  set(at: number, value: number): void {
    this.data[at] = value;
  }

  /** The values, in an array of their exact number. */
  done(): T {
    return this.data.slice(0, this.length) as T;
  }

  #grow(): void {
    const make = this.data.constructor as new (n: number) => T;
    const next = new make(this.data.length * 2);
    next.set(this.data);
    this.data = next;
  }
}

export class Column8 extends Column<Uint8Array> {
  constructor() {
    super(new Uint8Array(64));
  }
}

export class Column16 extends Column<Uint16Array> {
  constructor() {
    super(new Uint16Array(64));
  }
}

export class Column32 extends Column<Uint32Array> {
  constructor() {
    super(new Uint32Array(64));
  }
}
