/** What a verification gathers: what does not hold, and what is worth knowing though it holds. */
import { messageOf } from '../protocol/index.ts';

/** Problems that are listed; the rest is counted in one line. */
const MAX_LISTED = 100;

export interface Problem {
  /** What does not hold: the seal, the log, a table, a drop. */
  readonly where: string;
  readonly message: string;
  readonly uid: string | null;
  /** The table of the store it was found in, where it is one. */
  readonly table?: string;
}

/** Something that is no problem: what a seal does not cover, where a session came from, a clock that was set back. */
export interface VerdictNote {
  readonly where: string;
  readonly message: string;
}

export interface Verdict {
  readonly valid: boolean;
  readonly checked: number;
  readonly problems: readonly Problem[];
  readonly notes: readonly VerdictNote[];
}

export class Report {
  readonly #problems = new Map<string, Problem>();
  readonly #notes = new Map<string, VerdictNote>();
  checked = 0;

  add(where: string, message: string, more: { readonly uid?: string; readonly table?: string } = {}): void {
    const { uid, table } = more;
    this.#problems.set(`${where} ${message}`, {
      where,
      message,
      uid: uid ?? null,
      ...(table !== undefined && { table }),
    });
  }

  drop(uid: string, message: string, table?: string): void {
    this.add(`drop ${uid}`, message, { uid, ...(table !== undefined && { table }) });
  }

  note(where: string, message: string): void {
    this.#notes.set(`${where} ${message}`, { where, message });
  }

  /** Carries out one check; what it throws is a problem. */
  async attempt<T>(where: string, check: () => T | Promise<T>): Promise<T | undefined> {
    this.checked++;
    try {
      return await check();
    } catch (error) {
      this.add(where, messageOf(error));
      return undefined;
    }
  }

  verdict(): Verdict {
    const all = [...this.#problems.values()];
    const problems = all.slice(0, MAX_LISTED);
    if (all.length > MAX_LISTED)
      problems.push({ where: 'more', message: `And ${all.length - MAX_LISTED} more.`, uid: null });
    const notes = [...this.#notes.values()].slice(0, MAX_LISTED);
    return { valid: all.length === 0, checked: this.checked, problems, notes };
  }
}

/** Several verdicts as one, each with what it is about before its findings. */
export function joinVerdicts(verdicts: readonly (readonly [about: string, verdict: Verdict])[]): Verdict {
  const under = <T extends { readonly where: string }>(about: string, found: readonly T[]): T[] =>
    found.map((one) => (about === '' ? one : { ...one, where: `${about}, ${one.where}` }));
  return {
    valid: verdicts.every(([, { valid }]) => valid),
    checked: verdicts.reduce((sum, [, { checked }]) => sum + checked, 0),
    problems: verdicts.flatMap(([about, { problems }]) => under(about, problems)),
    notes: verdicts.flatMap(([about, { notes }]) => under(about, notes)),
  };
}
