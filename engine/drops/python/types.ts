/** What callers of the pool hand in and get back. */
import type { PyContent } from './content.ts';
import type { KeptFunction } from './kept-function.ts';

/** Encodings of a port (`DropParser`, spec/engine.md 6.4). */
export const ENCODINGS = [
  'dill',
  'pickle',
  'eval',
  'npy',
  'utf-8',
  'path',
  'dataurl',
  'binary',
  'raw',
] as const;
export type Encoding = (typeof ENCODINGS)[number];

export function isEncoding(text: unknown): text is Encoding {
  return (ENCODINGS as readonly unknown[]).includes(text);
}

/** Which function: by name, by source text, or by a base64 dill or pickle of it in `code`. */
export interface FunctionSpec {
  readonly name?: string;
  readonly code?: string;
  /** What `code` gives is kept for further calls with the same; else it is made for one call. */
  readonly kept?: KeptFunction;
}

/** One value for a function. */
export type PyArgument =
  | { readonly kind: 'json'; readonly value: unknown }
  /** A value as the text of a graph has it, for Python's own JSON reader: 5.0 is a float, NaN and 1e400 are numbers. */
  | { readonly kind: 'json-text'; readonly text: string }
  /** A number that is a float to Python even where it is whole. */
  | { readonly kind: 'float'; readonly value: number }
  /** Text to be read as JSON, or else as a Python literal. */
  | { readonly kind: 'literal'; readonly text: string }
  /** Base64 of a dill stream (func_defaults). */
  | { readonly kind: 'dill64'; readonly text: string }
  /** The content of a drop. `isText`: the drop holds text. */
  | {
      readonly kind: 'bytes';
      readonly data: Uint8Array;
      readonly encoding: Encoding;
      readonly isText?: boolean;
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly encoding: Encoding;
      readonly isText?: boolean;
    }
  /** What another function made. `isLast`: nobody else will read it, so the object itself may be handed over. */
  | {
      readonly kind: 'content';
      readonly content: PyContent;
      readonly encoding: Encoding;
      readonly isLast?: boolean;
    }
  /** The declared default of a positional-only parameter. */
  | { readonly kind: 'default' }
  /** Of a call that follows another at once: what that one makes, as it would be read from a drop written in `writtenAs`. */
  | { readonly kind: 'previous'; readonly writtenAs: Encoding; readonly encoding: Encoding };

export interface NamedArgument {
  readonly name: string;
  readonly value: PyArgument;
}

export type LogStream = 'out' | 'err';

/** Around every request. */
export interface CallSettings {
  /** Names the drop in messages: `drop "f"`. */
  readonly label: string;
  /** Working directory while the code runs. */
  readonly cwd?: string;
  /** Environment variables to be set, DLG_UID and DLG_SESSION_ID among them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of the DLG_PATH. */
  readonly path?: readonly string[];
  /** Where large values may be put as files; the pool's own folder by default. */
  readonly scratchDir?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Receives each line the code prints. */
  readonly onLog?: (stream: LogStream, line: string) => void;
}

export interface FunctionCall extends CallSettings {
  readonly function: FunctionSpec;
  readonly args: readonly PyArgument[];
  readonly kwargs: readonly NamedArgument[];
  /** The encodings the result is wanted in, each once. */
  readonly outputs: readonly Encoding[];
  /** Ask for the arguments as DALiuGE records them for RECOMPUTE. */
  readonly wantRecord?: boolean;
  /** Ask for exact size and SHA-256 of contents that stay in the worker. */
  readonly wantDigest?: boolean;
  /** Ask for the truth and the text of the result. */
  readonly wantTruth?: boolean;
  /** Under what the time it takes is remembered. */
  readonly timedAs?: string;
  /** Calls that are to follow at once in the same worker, each on the result of the one before. Asked when this one is sent. */
  readonly followers?: () => readonly Follower[];
}

/** A call that is sent along with another and runs right behind it, unless that one fails. */
export interface Follower {
  /** Its values are constants and `previous` ones. */
  readonly call: FunctionCall;
  /** Takes its result, which may be rejected for the failure of a call before it; nobody else looks at it. */
  readonly take: (result: Promise<FunctionResult>) => void;
}

export interface FunctionResult {
  /** The result in each wanted encoding. */
  readonly contents: ReadonlyMap<Encoding, PyContent>;
  /** Encodings in which the result is nothing at all: `raw` takes bytes and text only, and drops the rest. */
  readonly nothingIn: ReadonlySet<Encoding>;
  readonly typeName: string;
  /** JSON text `{"args": {...}}`, written by Python, so that 5.0 stays 5.0. */
  readonly record: string | undefined;
  readonly truth: boolean | undefined;
  readonly text: string | undefined;
  /** Time the function itself took. */
  readonly seconds: number;
}

export const ParameterKind = {
  POSITIONAL_ONLY: 'positional-only',
  NORMAL: 'normal',
  ARGS: 'args',
  KEYWORD_ONLY: 'keyword-only',
  KWARGS: 'kwargs',
} as const;
export type ParameterKind = (typeof ParameterKind)[keyof typeof ParameterKind];

export interface FunctionParameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly hasDefault: boolean;
}

/** Which code a function is, as far as that can be told without executing it. */
export interface FunctionIdentity {
  readonly sourceSha256: string | null;
  /** Versions by name: the interpreter's (`python`), and those of the packages that its code names. */
  readonly packages: Readonly<Record<string, string>>;
}

/** What is known of a function before its drop runs. */
export interface CheckedFunction {
  readonly identity: FunctionIdentity;
  /** Undefined where only executing its code tells, which is for its drop to do. */
  readonly info: FunctionInfo | undefined;
}

/** What a worker knows about a function. */
export interface FunctionInfo extends FunctionIdentity {
  readonly name: string;
  readonly qualifiedName: string;
  readonly module: string | null;
  /** False for C functions that tell no signature. */
  readonly hasSignature: boolean;
  readonly isClass: boolean;
  readonly parameters: readonly FunctionParameter[];
  readonly moduleVersion: string | null;
  readonly doc: string;
}

/** What a worker knows about a user's drop class. */
export interface ClassInfo {
  readonly name: string;
  readonly module: string;
  /** Whether it is an application of any kind. */
  readonly isApp: boolean;
  /** An application that is fed while data is written, in place of one that runs when its inputs are there. */
  readonly isStreaming: boolean;
  readonly isData: boolean;
  readonly parameters: readonly {
    readonly name: string;
    readonly kind: string;
    readonly description: string;
  }[];
  readonly sourceSha256: string | null;
  /** As in `FunctionIdentity`. */
  readonly packages: Readonly<Record<string, string>>;
  readonly doc: string;
}

/** A drop as a user's application sees it. */
export interface RemoteDropSpec {
  readonly oid: string;
  readonly uid: string;
  readonly name: string;
  /** Dotted class of the drop, so that isinstance tells files from memory. */
  readonly cls: string;
  readonly hasPath: boolean;
  readonly node?: string;
  readonly island?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** Answers what a running application asks about the drops around it. */
export type DropQuestions = (question: {
  readonly operation: string;
  readonly uid: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array | undefined;
}) => Promise<{ readonly value?: unknown; readonly data?: Uint8Array }>;

export interface AppCall extends CallSettings {
  readonly dropClass: string;
  readonly oid: string;
  readonly uid: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly RemoteDropSpec[];
  readonly outputs: readonly RemoteDropSpec[];
  readonly answer: DropQuestions;
}

export interface ValueOperation extends CallSettings {
  readonly operation:
    'identity' | 'scatter' | 'pick' | 'first' | 'gather' | 'dict' | 'average' | 'npy-gather' | 'npy-scatter';
  readonly values: readonly PyArgument[];
  /** `lenient`: values that are no pickle count as bytes. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly encoding: Encoding;
}

export interface ValueResult {
  readonly contents: readonly PyContent[];
  readonly texts: readonly { readonly repr: string; readonly str: string; readonly plain: boolean }[];
}

/** The Python of this machine. */
export interface PythonInfo {
  readonly version: string;
  readonly implementation: string;
  readonly executable: string;
  /** Versions of packages, null where not installed. */
  readonly packages: Readonly<Record<string, string | null>>;
  /** Whether a real DALiuGE is installed for this Python. */
  readonly hasRealDlg: boolean;
  /** Where it looks for modules. */
  readonly modulePath: readonly string[];
}
