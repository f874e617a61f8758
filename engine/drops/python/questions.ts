/** Questions that code in a Python process asks about drops of the Host, and the frames that answer them. */
import { messageOf } from '../../protocol/index.ts';
import { frameBytes, type Frame } from '../util/frames.ts';
import type { DropQuestions } from './types.ts';

/** The reply to a question, also where it is refused: `refusal` says why nobody can answer. */
export async function replyTo(
  frame: Frame,
  answer: DropQuestions | undefined,
  refusal: string,
): Promise<Buffer> {
  const { op, uid, n, id: _id, t: _t, a: _a, ...details } = frame.header;
  try {
    if (!answer) throw new Error(refusal);
    const { value, data } = await answer({
      operation: String(op),
      uid: String(uid),
      details,
      data: frame.attachments[0],
    });
    return frameBytes({ t: 'reply', n, v: value ?? null }, data ? [data] : []);
  } catch (error) {
    return frameBytes({ t: 'reply', n, error: messageOf(error) });
  }
}
