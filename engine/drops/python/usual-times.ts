/** How long functions take: the last time counts. */

/** Functions remembered; those that were not called for longest are forgotten. */
const LIMIT = 10_000;

export class UsualTimes {
  readonly #seconds = new Map<string, number>();

  note(name: string, seconds: number): void {
    this.#seconds.delete(name);
    this.#seconds.set(name, seconds);
    const [oldest] = this.#seconds.size > LIMIT ? this.#seconds.keys() : [];
    if (oldest !== undefined) this.#seconds.delete(oldest);
  }

  /** Seconds; undefined for what was never called. */
  of(name: string): number | undefined {
    return this.#seconds.get(name);
  }
}
