/**
 * What happens when the user closes the window or quits: at once with nothing running, else only after asking. Pure but
 * for the dialog and the actions, which come in as functions.
 */

export const QuitChoice = { end: 'end', keep: 'keep', cancel: 'cancel' } as const;
export type QuitChoice = (typeof QuitChoice)[keyof typeof QuitChoice];

export interface QuitActions {
  /** How many sessions run right now. */
  runningSessions(): number;
  /** Asks the user; resolves to her choice. */
  ask(running: number): Promise<QuitChoice>;
  /** Hides the window and lets the sessions go on. */
  hide(): void;
  /** Closes the Host; a session that runs is cancelled and kept in the history. */
  closeHost(): Promise<void>;
  /** Ends the process. */
  exit(): void;
  /** Tells the user that something went wrong while closing. */
  report(error: unknown): void;
}

/**
 * The course of quitting. `request` is called for every wish to quit and answers whether Electron must wait (its event is
 * to be prevented). While the question is open a second wish changes nothing; once the Host is closing a second wish ends
 * the process at once, so that a Host that hangs cannot hold the user.
 */
export class Quitting {
  readonly #actions: QuitActions;
  #state: 'open' | 'asking' | 'closing' | 'done' = 'open';

  constructor(actions: QuitActions) {
    this.#actions = actions;
  }

  /** Whether the application is on its way out. */
  get isClosing(): boolean {
    return this.#state === 'closing' || this.#state === 'done';
  }

  /** Answers false when the process may end now, true when it must wait. */
  request(): boolean {
    switch (this.#state) {
      case 'done':
        return false;
      case 'asking':
        return true;
      case 'closing':
        this.#finish();
        return true;
      case 'open':
        void this.#askAndClose(this.#actions.runningSessions());
        return true;
    }
  }

  /** Closes without a question: the machine shuts down, or someone sent a signal. */
  force(): void {
    if (this.#state === 'open' || this.#state === 'asking') void this.#close();
    else this.#finish();
  }

  async #askAndClose(running: number): Promise<void> {
    if (running > 0) {
      this.#state = 'asking';
      const choice = await this.#actions.ask(running).catch((error: unknown) => {
        this.#actions.report(error);
        return QuitChoice.cancel;
      });
      if (this.isClosing) return;
      this.#state = 'open';
      if (choice === QuitChoice.cancel) return;
      if (choice === QuitChoice.keep) return this.#actions.hide();
    }
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    await this.#actions.closeHost().catch((error: unknown) => this.#actions.report(error));
    this.#finish();
  }

  #finish(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#actions.exit();
  }
}

/** The words of the question. */
export function quitQuestion(running: number): { message: string; detail: string; buttons: string[] } {
  const sessions = running === 1 ? 'A session is' : `${running} sessions are`;
  return {
    message: `${sessions} still running.`,
    detail:
      'Ended now, a session is cancelled and stays in the history. Kept running, it goes on without a window; start Weir again to see it.',
    buttons: [running === 1 ? 'End It' : 'End Them', 'Keep Running', 'Cancel'],
  };
}

/** The choice behind a button of that question; a dialog closed without one is a cancel. */
export function choiceOfButton(index: number): QuitChoice {
  return [QuitChoice.end, QuitChoice.keep][index] ?? QuitChoice.cancel;
}
