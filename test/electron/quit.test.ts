import { describe, expect, test, vi } from 'vitest';
import { QuitChoice, Quitting, choiceOfButton, quitQuestion, type QuitActions } from '../../electron/quit.ts';

interface Fakes {
  readonly actions: QuitActions;
  readonly done: string[];
  readonly answer: (choice: QuitChoice) => void;
  readonly hostClosed: () => void;
}

function fakes(running: number): Fakes {
  const done: string[] = [];
  const question = Promise.withResolvers<QuitChoice>();
  const closing = Promise.withResolvers<void>();
  const actions: QuitActions = {
    runningSessions: () => running,
    ask: vi.fn((count: number) => (done.push(`ask ${count}`), question.promise)),
    hide: () => void done.push('hide'),
    closeHost: () => (done.push('close host'), closing.promise),
    exit: () => void done.push('exit'),
    report: (error) => void done.push(`report ${String(error)}`),
  };
  return { actions, done, answer: question.resolve, hostClosed: closing.resolve };
}

/** Lets everything that is already decided happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('quitting', () => {
  test('with nothing running closes the Host and ends, without a question', async () => {
    const { actions, done, hostClosed } = fakes(0);
    const quitting = new Quitting(actions);
    expect(quitting.request()).toBe(true);
    expect(done).toEqual(['close host']);
    hostClosed();
    await settle();
    expect(done).toEqual(['close host', 'exit']);
    expect(quitting.request()).toBe(false);
  });

  test('while sessions run asks first, and does nothing until there is an answer', async () => {
    const { actions, done, answer, hostClosed } = fakes(2);
    const quitting = new Quitting(actions);
    quitting.request();
    quitting.request();
    await settle();
    expect(done).toEqual(['ask 2']);
    answer(QuitChoice.end);
    hostClosed();
    await settle();
    expect(done).toEqual(['ask 2', 'close host', 'exit']);
  });

  test('can be kept running without a window, and asked for again later', async () => {
    const { actions, done, answer } = fakes(1);
    const quitting = new Quitting(actions);
    quitting.request();
    answer(QuitChoice.keep);
    await settle();
    expect(done).toEqual(['ask 1', 'hide']);
    expect(quitting.isClosing).toBe(false);
    quitting.request();
    expect(done).toEqual(['ask 1', 'hide', 'ask 1']);
  });

  test('can be thought better of', async () => {
    const { actions, done, answer } = fakes(1);
    new Quitting(actions).request();
    answer(QuitChoice.cancel);
    await settle();
    expect(done).toEqual(['ask 1']);
  });

  test('asked for a second time while the Host is closing ends at once', () => {
    const { actions, done } = fakes(0);
    const quitting = new Quitting(actions);
    quitting.request();
    quitting.request();
    expect(done).toEqual(['close host', 'exit']);
  });

  test('ends all the same when the Host cannot be closed, and says why', async () => {
    const { actions, done } = fakes(0);
    new Quitting({ ...actions, closeHost: () => Promise.reject(new Error('disk full')) }).request();
    await settle();
    expect(done).toEqual(['report Error: disk full', 'exit']);
  });

  test('by a signal or a shutdown asks nobody, not even where a question is open', async () => {
    const { actions, done, answer, hostClosed } = fakes(1);
    const quitting = new Quitting(actions);
    quitting.request();
    quitting.force();
    answer(QuitChoice.keep);
    hostClosed();
    await settle();
    expect(done).toEqual(['ask 1', 'close host', 'exit']);
  });
});

test('the buttons of the question are end, keep running and cancel, and closing the question is cancel', () => {
  expect(quitQuestion(1).buttons).toEqual(['End It', 'Keep Running', 'Cancel']);
  expect(quitQuestion(3).message).toBe('3 sessions are still running.');
  expect([0, 1, 2, -1].map(choiceOfButton)).toEqual(['end', 'keep', 'cancel', 'cancel']);
});
