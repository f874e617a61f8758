/** Options that many commands share, in the same words. */
export const DATA_DIR = ['--data-dir <dir>', "folder of the history (default: the user's own)"] as const;
export const JSON_FLAG = ['--json', 'print one JSON document'] as const;

export interface StoreOptions {
  readonly json?: boolean;
  readonly dataDir?: string;
}
