/** Styles of the page of a logical graph: the drawing, and beside it what can be chosen and what comes of it. */
import { css } from 'lit';

export const translatePageStyles = css`
  :host {
    display: grid !important;
    grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) minmax(300px, 360px);
    height: 100%;
  }

  header {
    grid-column: 1 / -1;
    display: flex;
    align-items: center;
    gap: var(--space-3);
    padding: var(--space-3) var(--space-6);
    background: var(--color-surface);
    border-bottom: 1px solid var(--color-line);
  }

  header h1 {
    min-width: 0;
  }

  .back {
    display: inline-flex;
    margin-inline: -8px -4px;
    padding: 8px;
    border-radius: var(--radius-m);
    color: var(--color-muted);
  }

  .back:hover {
    background: var(--color-hover);
    color: var(--color-text);
  }

  aside {
    display: grid;
    align-content: start;
    gap: var(--space-4);
    padding: var(--space-4);
    overflow: auto;
    background: var(--color-canvas);
    border-inline-start: 1px solid var(--color-line);
  }

  .message {
    grid-column: 1 / -1;
    padding: var(--space-6);
  }

  section {
    display: grid;
    gap: var(--space-2);
  }

  label {
    display: grid;
    gap: 2px;
    min-width: 0;
  }

  label > span {
    overflow-wrap: anywhere;
  }

  select,
  input {
    width: 100%;
    min-width: 0;
  }

  input[type='number'] {
    min-height: 32px;
    padding: 0 var(--space-2);
    border: 1px solid var(--color-control);
    border-radius: var(--radius-m);
    background: var(--color-surface);
    color: var(--color-text);
    font: inherit;
  }

  label.changed > span {
    font-weight: 600;
  }

  .pair {
    display: grid;
    grid-template-columns: minmax(0, 2fr) minmax(64px, 1fr);
    gap: var(--space-2);
  }

  @media (max-width: 760px) {
    :host {
      grid-template: auto minmax(240px, 1fr) minmax(0, 1fr) / minmax(0, 1fr);
    }

    aside {
      border-inline-start: 0;
      border-top: 1px solid var(--color-line);
    }
  }
`;
