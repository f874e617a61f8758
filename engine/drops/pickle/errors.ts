import { InvalidEncodingException } from '../../protocol/index.ts';

/** A pickle that is fine but holds objects only Python can make; hand it to a Python worker. */
export class NeedsPython extends InvalidEncodingException {
  /** What stood in the way, e.g. the name of a class. */
  readonly what: string;

  constructor(what: string) {
    super(
      `The pickle holds ${what}, which only Python can make; plain data (numbers, text, bytes, lists, tuples, dicts, sets, numpy arrays) can be read without it.`,
      { details: { what } },
    );
    this.what = what;
  }
}

/** Bytes that are no pickle, or a damaged one. */
export class BadPickle extends InvalidEncodingException {
  constructor(expected: string, at: number) {
    super(`The data is no readable pickle: ${expected} was expected at byte ${at}.`, { details: { at } });
  }
}
