/** Styles of the list of sessions. */
import { css } from 'lit';

export const sessionsPageStyles = css`
  :host {
    container-type: inline-size;
  }

  .table {
    overflow: hidden;
  }

  table {
    width: 100%;
    border-collapse: collapse;
    table-layout: fixed;
  }

  th,
  td {
    padding: var(--space-2) var(--space-2);
    border-bottom: 1px solid var(--color-line);
    text-align: start;
    font-weight: 400;
    vertical-align: middle;
  }

  th:first-child,
  td:first-child {
    width: 128px;
    padding-inline-start: var(--space-4);
  }

  th:nth-child(3) {
    width: 22%;
  }

  th:nth-child(4) {
    width: 172px;
  }

  td:nth-child(4) {
    white-space: nowrap;
  }

  th:nth-child(5) {
    width: 104px;
  }

  th:nth-child(6) {
    width: 64px;
  }

  th:last-child,
  td:last-child {
    width: 84px;
    padding-inline-end: var(--space-4);
    text-align: center;
  }

  /* Above the link, whose box is the whole row. */
  .pick {
    position: relative;
    z-index: 1;
    display: inline-grid;
    place-items: center;
    width: 32px;
    height: 32px;
  }

  .pick input {
    width: 16px;
    height: 16px;
    margin: 0;
  }

  thead th {
    height: 36px;
    color: var(--color-muted);
    font-size: var(--text-s);
    font-weight: 500;
  }

  tbody tr {
    position: relative;
  }

  /* The link's box is the whole row. */
  tbody th a::after {
    content: '';
    position: absolute;
    inset: 0;
  }

  tbody tr:hover {
    background: var(--color-hover);
  }

  tbody tr:last-child > * {
    border-bottom: 0;
  }

  .numeric {
    text-align: end;
  }

  tbody th > * {
    display: block;
  }

  tbody th a {
    color: var(--color-text);
    font-weight: 600;
    text-decoration: none;
  }

  tbody tr:hover a {
    color: var(--color-accent);
    text-decoration: underline;
  }

  weir-state-strip {
    margin: 3px 0;
  }

  .errors {
    color: var(--color-danger);
    font-weight: 600;
  }

  .table footer {
    display: flex;
    align-items: center;
    justify-content: space-between;
    padding: var(--space-2) var(--space-4);
    border-top: 1px solid var(--color-line);
  }

  .invitation {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: var(--space-3);
    padding: var(--space-6);
    border: 1px dashed var(--color-control);
    border-radius: var(--radius-l);
    color: var(--color-muted);
  }

  .welcome {
    gap: var(--space-4);
    padding-top: var(--space-12);
  }

  @container (max-width: 860px) {
    th:nth-child(4) {
      width: 148px;
    }

    th:nth-child(3) {
      width: 20%;
    }

    .page {
      padding-inline: var(--space-4);
    }
  }

  @container (max-width: 620px) {
    :is(th, td):nth-child(4),
    :is(th, td):nth-child(6) {
      display: none;
    }
  }

  @container (max-width: 500px) {
    :is(th, td):nth-child(3) {
      display: none;
    }

    th:first-child,
    td:first-child {
      width: 112px;
      padding-inline-start: var(--space-3);
    }

    th:nth-child(5) {
      width: 76px;
    }

    th:nth-child(7) {
      width: 72px;
    }
  }
`;
