/** Styles of a drop's page. */
import { css } from 'lit';

export const dropPageStyles = css`
  :host {
    container-type: inline-size;
  }

  .page {
    display: grid;
    gap: var(--space-4);
    max-width: 1280px;
    margin: 0 auto;
    padding: var(--space-4) var(--space-6) var(--space-8);
  }

  .head {
    display: grid;
    gap: var(--space-2);
    min-width: 0;
  }

  nav {
    display: flex;
    align-items: center;
    gap: var(--space-1);
    min-width: 0;
    color: var(--color-muted);
  }

  nav weir-icon {
    width: 12px;
    height: 12px;
  }

  .title {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-3);
  }

  .title h1 {
    min-width: 0;
    overflow-wrap: anywhere;
  }

  .title > weir-icon {
    width: 20px;
    height: 20px;
    color: var(--color-muted);
  }

  .columns {
    display: grid;
    grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
    gap: var(--space-4);
    align-items: start;
  }

  .column {
    display: grid;
    gap: var(--space-4);
    min-width: 0;
  }

  .errors {
    display: grid;
    gap: var(--space-2);
  }

  details {
    margin-top: var(--space-3);
  }

  summary {
    width: max-content;
    color: var(--color-accent);
    cursor: pointer;
  }

  details[open] summary {
    margin-bottom: var(--space-2);
  }

  .relations {
    display: grid;
    gap: var(--space-3);
  }

  .relations h3 {
    margin-bottom: 2px;
    font-weight: 500;
  }

  .relations ul {
    display: flex;
    flex-wrap: wrap;
    gap: 2px var(--space-4);
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .relations li {
    min-width: 0;
    overflow-wrap: anywhere;
  }

  table {
    width: 100%;
    border-collapse: collapse;
  }

  th,
  td {
    padding: var(--space-1) var(--space-4) var(--space-1) 0;
    text-align: start;
    font-weight: 400;
    white-space: nowrap;
  }

  th.numeric,
  td.numeric {
    text-align: end;
  }

  th {
    color: var(--color-muted);
    font-size: var(--text-s);
    font-weight: 500;
  }

  td:last-child,
  th:last-child {
    width: 100%;
  }

  @container (max-width: 860px) {
    .page {
      padding-inline: var(--space-4);
    }

    .columns {
      grid-template-columns: minmax(0, 1fr);
    }
  }

  .proof {
    margin-top: var(--space-3);
  }
`;
