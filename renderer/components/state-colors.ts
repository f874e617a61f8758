/** The colour of each family of states, as `--state` on an element with class `is-<family>`. */
import { css } from 'lit';

export const stateColors = css`
  .is-waiting {
    --state: var(--state-waiting);
  }

  .is-active {
    --state: var(--state-active);
  }

  .is-done {
    --state: var(--state-done);
  }

  .is-error {
    --state: var(--state-error);
  }

  .is-cancelled {
    --state: var(--state-cancelled);
  }

  .is-skipped {
    --state: var(--state-skipped);
  }

  .is-interrupted {
    --state: var(--state-interrupted);
  }

  .is-expired {
    --state: var(--state-expired);
  }

  .is-deleted {
    --state: var(--state-deleted);
  }
`;
