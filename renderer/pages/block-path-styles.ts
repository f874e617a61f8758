/** Styles of a path of blocks. */
import { css } from 'lit';

export const blockPathStyles = css`
  :host {
    display: grid;
    gap: var(--space-3);
    min-width: 0;
  }

  ol,
  ul {
    display: grid;
    margin: 0;
    padding: 0;
    list-style: none;
  }

  ol > li {
    display: grid;
    grid-template-columns: 16px minmax(0, 1fr);
    gap: 0 var(--space-3);
    padding-bottom: var(--space-4);
    background: linear-gradient(var(--color-line), var(--color-line)) 7px 22px / 2px calc(100% - 24px)
      no-repeat;
  }

  ol > li:last-child {
    padding-bottom: 0;
    background: none;
  }

  .mark {
    margin-top: 2px;
    color: var(--color-muted);
  }

  .holds > .mark {
    color: var(--state-done);
  }

  .fails > .mark,
  .reason {
    color: var(--color-danger);
  }

  .verdict {
    display: grid;
    grid-template-columns: 16px minmax(0, 1fr);
    gap: var(--space-3);
    font-weight: 600;
  }

  .step {
    display: grid;
    gap: var(--space-1);
    min-width: 0;
  }

  h3,
  h4 {
    margin: 0;
    font-size: var(--text-m);
    overflow-wrap: anywhere;
  }

  h4.small {
    margin-top: var(--space-2);
    font-size: var(--text-s);
  }

  h3 .mono {
    font-weight: 400;
  }

  .hash {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0 var(--space-2);
    min-width: 0;
    overflow-wrap: anywhere;
  }

  .hash .mono {
    min-width: 0;
  }

  summary {
    width: max-content;
    max-width: 100%;
    color: var(--color-accent);
    cursor: pointer;
  }

  .leaves {
    max-height: 22rem;
    margin-top: var(--space-1);
    padding: var(--space-2) var(--space-3);
    border-radius: var(--radius-m);
    background: var(--color-sunken);
    overflow: auto;
    overflow-wrap: anywhere;
  }

  .leaves ul {
    gap: 2px;
    margin-block: var(--space-1);
  }

  dl {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: var(--space-1) var(--space-4);
    margin: var(--space-3) 0 0;
  }

  dt {
    color: var(--color-muted);
  }

  dd {
    margin: 0;
  }

  label {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2);
    min-width: 0;
  }

  label select {
    max-width: 100%;
    min-height: 28px;
  }

  @media (max-width: 700px) {
    dl {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;
