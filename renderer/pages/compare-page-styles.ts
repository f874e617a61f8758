/** Styles of the comparison of two sessions. */
import { css } from 'lit';

export const comparePageStyles = css`
  .choice {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr);
    gap: var(--space-3);
    align-items: end;
  }

  .choice label {
    display: grid;
    gap: var(--space-1);
    min-width: 0;
  }

  .choice select {
    width: 100%;
    min-width: 0;
  }

  .body {
    display: grid;
    gap: var(--space-3);
  }

  ul {
    display: grid;
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .verdicts {
    grid-template-columns: repeat(auto-fill, minmax(250px, 1fr));
    gap: var(--space-2);
  }

  .verdicts li {
    display: grid;
    grid-template-columns: 16px minmax(0, 1fr);
    gap: 0 var(--space-2);
    padding: var(--space-2) var(--space-3);
    border: 1px solid var(--color-line);
    border-radius: var(--radius-m);
  }

  .verdicts weir-icon {
    margin-top: 2px;
  }

  .match weir-icon,
  .match b {
    color: var(--state-done);
  }

  .differs weir-icon,
  .differs b {
    color: var(--color-danger);
  }

  .unknown,
  .unknown weir-icon {
    color: var(--color-muted);
  }

  .unknown b {
    font-weight: 500;
  }

  .modes {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2);
  }

  .modes button[aria-pressed='true'] {
    border-color: var(--color-accent);
    background: var(--color-selected);
  }

  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2);
    min-width: 0;
  }

  .chip {
    display: inline-flex;
    align-items: center;
    max-width: 320px;
    min-height: 32px;
    padding-inline-start: var(--space-3);
    border: 1px solid var(--color-line);
    border-radius: 999px;
    background: var(--color-selected);
  }

  .chip button {
    width: 28px;
    min-height: 28px;
    border-radius: 999px;
  }

  @media (max-width: 700px) {
    .choice {
      grid-template-columns: minmax(0, 1fr);
    }

    .choice button {
      justify-self: start;
    }

    .panel > header {
      flex-wrap: wrap;
    }
  }
`;
