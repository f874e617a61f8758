/** Styles of the reproducibility view of a session. */
import { css } from 'lit';

export const sessionReproducibilityStyles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 3fr) minmax(280px, 2fr);
    gap: var(--space-4);
    align-items: start;
    padding: var(--space-4) var(--space-6) var(--space-8);
  }

  .column {
    display: grid;
    gap: var(--space-4);
    min-width: 0;
  }

  .body {
    display: grid;
    gap: var(--space-3);
  }

  ol,
  ul {
    display: grid;
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .trust {
    gap: var(--space-3);
  }

  .trust li {
    display: grid;
    grid-template-columns: 16px minmax(0, 1fr);
    gap: 0 var(--space-3);
    overflow-wrap: anywhere;
  }

  .trust weir-icon {
    margin-top: 2px;
  }

  .reached weir-icon {
    color: var(--state-done);
  }

  .missing weir-icon {
    color: var(--color-muted);
  }

  .broken weir-icon {
    color: var(--state-error);
  }

  .problems {
    gap: var(--space-2);
    max-height: 24rem;
    overflow: auto;
  }

  .problems li {
    padding-inline-start: var(--space-3);
    border-inline-start: 3px solid var(--state-error);
    overflow-wrap: anywhere;
  }

  .statement {
    font-weight: 600;
  }

  table {
    width: 100%;
    border-collapse: collapse;
    table-layout: fixed;
  }

  th,
  td {
    padding: var(--space-1) var(--space-2) var(--space-1) 0;
    border-bottom: 1px solid var(--color-line);
    font-weight: 400;
    text-align: start;
    vertical-align: top;
  }

  thead th {
    color: var(--color-muted);
    font-size: var(--text-s);
  }

  th:first-child {
    width: 148px;
    line-height: 24px;
  }

  td > span {
    display: flex;
    align-items: start;
    gap: var(--space-1);
    min-width: 0;
  }

  td .mono {
    min-width: 0;
    line-height: 24px;
  }

  tbody tr:last-child > * {
    border-bottom: 0;
  }

  summary {
    width: max-content;
    color: var(--color-accent);
    cursor: pointer;
  }

  .wide {
    grid-column: 1 / -1;
  }

  .found {
    gap: var(--space-1);
  }

  input[type='search'] {
    width: min(420px, 100%);
  }

  @media (max-width: 900px) {
    :host {
      grid-template-columns: minmax(0, 1fr);
      padding-inline: var(--space-4);
    }
  }
`;
