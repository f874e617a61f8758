/** Styles of the proof panel. */
import { css } from 'lit';

export const proofPanelStyles = css`
  :host {
    display: grid;
    gap: var(--space-4);
    min-width: 0;
  }

  .verdict {
    display: grid;
    gap: var(--space-1);
  }

  .verdict p:first-child {
    display: flex;
    align-items: start;
    gap: var(--space-2);
    font-weight: 600;
  }

  .verdict weir-icon {
    margin-top: 2px;
  }

  .holds weir-icon,
  .holds > .mark {
    color: var(--state-done);
  }

  .fails weir-icon.mark {
    color: var(--state-error);
  }

  .unchecked weir-icon.mark,
  .absent weir-icon.mark {
    color: var(--color-muted);
  }

  ol {
    display: grid;
    margin: 0;
    padding: 0;
    list-style: none;
  }

  ol.steps > li {
    display: grid;
    grid-template-columns: 16px minmax(0, 1fr);
    gap: var(--space-1) var(--space-3);
    padding: var(--space-3) 0;
  }

  ol.steps > li + li {
    border-top: 1px solid var(--color-line);
  }

  ol.steps > li > weir-icon {
    margin-top: 2px;
  }

  .step {
    display: grid;
    gap: var(--space-1);
    min-width: 0;
  }

  .step h3 {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2);
    font-size: var(--text-m);
  }

  .step h3 span {
    font-weight: 400;
  }

  .fails h3 span,
  .reason {
    color: var(--color-danger);
  }

  .unchecked .reason {
    color: var(--color-muted);
  }

  dl {
    display: grid;
    grid-template-columns: 88px minmax(0, 1fr);
    gap: 2px var(--space-3);
    margin: 0;
  }

  dt,
  dd {
    line-height: 24px;
  }

  dt {
    color: var(--color-muted);
  }

  dd {
    display: flex;
    align-items: start;
    gap: var(--space-1);
    min-width: 0;
    margin: 0;
  }

  dd > span {
    min-width: 0;
    overflow-wrap: anywhere;
  }

  .changed {
    border-radius: var(--radius-s);
    background: var(--color-warning-surface);
    box-shadow: 0 0 0 2px var(--color-warning-surface);
  }

  summary {
    width: max-content;
    color: var(--color-accent);
    cursor: pointer;
  }

  .siblings {
    margin-top: var(--space-2);
    overflow-x: auto;
  }

  table {
    border-collapse: collapse;
  }

  th,
  td {
    padding: var(--space-1) var(--space-3) var(--space-1) 0;
    font-weight: 400;
    text-align: start;
    vertical-align: top;
  }

  th {
    color: var(--color-muted);
  }

  td.mono {
    overflow-wrap: anywhere;
  }

  .alter {
    display: grid;
    gap: var(--space-2);
    padding: var(--space-3) var(--space-4);
    border: 1px solid var(--color-line);
    border-radius: var(--radius-m);
    background: var(--color-canvas);
  }

  .alter label {
    display: inline-flex;
    align-items: center;
    gap: var(--space-2);
  }
`;
