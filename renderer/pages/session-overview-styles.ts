/** Styles of the overview of a session. */
import { css } from 'lit';

export const sessionOverviewStyles = css`
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

  .wide {
    grid-column: 1 / -1;
  }

  .errors {
    border-color: var(--color-danger);
    overflow: hidden;
  }

  .errors > header {
    background: var(--color-danger-surface);
    --icon-cut: var(--color-danger-surface);
  }

  .errors weir-icon {
    color: var(--state-error);
  }

  ul,
  ol {
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .errors li {
    display: grid;
    gap: var(--space-1);
    padding: var(--space-3) var(--space-4);
  }

  li + li {
    border-top: 1px solid var(--color-line);
  }

  .errors .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-1) var(--space-3);
  }

  .errors p {
    overflow-wrap: anywhere;
    white-space: pre-line;
  }

  summary {
    width: max-content;
    color: var(--color-accent);
    cursor: pointer;
  }

  details[open] summary {
    margin-bottom: var(--space-2);
  }

  .logical li {
    display: grid;
    grid-template-columns: minmax(0, 2fr) minmax(80px, 3fr) 152px;
    gap: var(--space-4);
    align-items: center;
    padding: var(--space-2) var(--space-4);
  }

  .logical a,
  .slow a {
    color: var(--color-text);
    font-weight: 500;
    text-decoration: none;
  }

  .logical a:hover,
  .slow a:hover {
    color: var(--color-accent);
    text-decoration: underline;
  }

  .logical .name {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    min-width: 0;
  }

  .logical weir-icon {
    color: var(--color-muted);
  }

  .slow li {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 92px 72px;
    gap: var(--space-4);
    align-items: center;
    padding: var(--space-2) var(--space-4);
  }

  footer {
    padding: var(--space-2) var(--space-4);
    border-top: 1px solid var(--color-line);
  }

  @media (max-width: 900px) {
    :host {
      grid-template-columns: minmax(0, 1fr);
      padding-inline: var(--space-4);
    }
  }
`;
