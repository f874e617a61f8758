/** Styles of the page of checkpoints. */
import { css } from 'lit';

export const logPageStyles = css`
  .page > p {
    max-width: 76ch;
  }

  .scroll {
    max-height: 26rem;
    overflow: auto;
  }

  th,
  td {
    padding: var(--space-1) var(--space-3);
  }

  thead th {
    position: sticky;
    top: 0;
    z-index: 1;
    background: var(--color-surface);
  }

  th:nth-child(-n + 2) {
    width: 68px;
  }

  th:nth-child(3) {
    width: 80px;
  }

  th:nth-child(4) {
    width: 224px;
  }

  td a {
    display: block;
  }

  /* The stretch of the log that is looked at. */
  tr.between td:nth-child(-n + 2),
  tr.end td:nth-child(-n + 2) {
    background: var(--color-selected);
  }

  .pick {
    display: grid;
    place-items: center;
    min-height: 28px;
  }

  input[type='radio'] {
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--color-accent);
  }

  .root {
    display: flex;
    align-items: center;
    gap: var(--space-1);
    font-weight: 400;
  }

  .body:not(.toolbar) {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-4);
  }

  .kept {
    display: grid;
    gap: var(--space-2);
    margin-top: var(--space-2);
  }

  textarea {
    width: 100%;
    padding: var(--space-2);
    border: 1px solid var(--color-control);
    border-radius: var(--radius-m);
    background: var(--color-surface);
    color: var(--color-text);
    resize: vertical;
  }

  summary {
    width: max-content;
    color: var(--color-accent);
    cursor: pointer;
  }

  .good,
  .bad {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    font-weight: 600;
  }

  .good weir-icon {
    color: var(--state-done);
  }

  .bad weir-icon {
    color: var(--state-error);
  }

  .problems {
    display: grid;
    gap: var(--space-2);
    margin: 0;
    padding: 0;
    list-style: none;
  }
`;
