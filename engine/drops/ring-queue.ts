/**
 * A first-in first-out queue of numbers that does not move its contents:
 *
 *   [ . . h x x x t . . ]   h: next to leave, t: next free; both wrap round, the array doubles when they meet
 */
export class RingQueue {
  #items = new Float64Array(64);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: number): void {
    const capacity = this.#items.length;
    if (this.#length === capacity) this.#double();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  /** The oldest item; the queue must not be empty. */
  shift(): number {
    const item = this.#items[this.#head] as number;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  clear(): void {
    this.#items = new Float64Array(64);
    this.#head = 0;
    this.#length = 0;
  }

  #double(): void {
    const next = new Float64Array(this.#items.length * 2);
    const tail = this.#items.subarray(this.#head);
    next.set(tail);
    next.set(this.#items.subarray(0, this.#head), tail.length);
    this.#items = next;
    this.#head = 0;
  }
}
