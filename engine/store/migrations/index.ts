/**
 * The forms the database has had, in order. A migration is never edited after a release: a change is a new one.
 */
import { sessions } from './0001-sessions.ts';
import { ledger } from './0002-ledger.ts';
import { coverage } from './0003-coverage.ts';
import { retention } from './0004-retention.ts';

/** One step from schema `version - 1` to `version`. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [sessions, ledger, coverage, retention];
