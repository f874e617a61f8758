/** First in, first out, both in constant time: an array's `shift` moves everything behind it. */
export class LinkedQueue<T> {
  #head: Link<T> | undefined;
  #tail: Link<T> | undefined;
  size = 0;

  push(value: T): void {
    const link: Link<T> = { value, next: undefined };
    if (this.#tail) this.#tail.next = link;
    else this.#head = link;
    this.#tail = link;
    this.size++;
  }

  shift(): T | undefined {
    const first = this.#head;
    if (!first) return undefined;
    this.#head = first.next;
    if (!first.next) this.#tail = undefined;
    this.size--;
    return first.value;
  }
}

interface Link<T> {
  readonly value: T;
  next: Link<T> | undefined;
}
