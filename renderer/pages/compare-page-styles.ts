/** Styles of the comparison of two sessions. */
import { css } from 'lit';

export const comparePageStyles = css`
  .page {
    display: grid;
    align-content: start;
    gap: var(--space-4);
    max-width: 1280px;
    margin: 0 auto;
    padding: var(--space-5) var(--space-6) var(--space-8);
  }

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

  .causes {
    gap: var(--space-3);
  }

  .causes > li {
    display: grid;
    gap: var(--space-2);
    padding: var(--space-3);
    border: 1px solid var(--color-line);
    border-inline-start: 3px solid var(--color-danger);
    border-radius: var(--radius-m);
  }

  .causes > li.later {
    border-inline-start-color: var(--color-control);
  }

  .causes .head {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: var(--space-1) var(--space-3);
  }

  table {
    width: 100%;
    border-collapse: collapse;
    table-layout: fixed;
  }

  th,
  td {
    padding: var(--space-1) var(--space-3) var(--space-1) 0;
    font-weight: 400;
    text-align: start;
    vertical-align: top;
    overflow-wrap: anywhere;
  }

  thead th {
    color: var(--color-muted);
    font-size: var(--text-s);
  }

  th:nth-child(1) {
    width: 104px;
  }

  th:nth-child(2) {
    width: 168px;
  }

  tbody tr {
    border-top: 1px solid var(--color-line);
  }

  .value {
    max-height: 9rem;
    overflow: hidden auto;
    white-space: pre-wrap;
  }

  details ul {
    margin-top: var(--space-1);
    max-height: 12rem;
    overflow: auto;
  }

  summary {
    width: max-content;
    color: var(--color-accent);
    cursor: pointer;
  }

  @media (max-width: 700px) {
    .page {
      padding-inline: var(--space-4);
    }

    .choice {
      grid-template-columns: minmax(0, 1fr);
    }

    .choice button {
      justify-self: start;
    }
  }
`;
