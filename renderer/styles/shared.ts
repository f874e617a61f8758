/** Style sheets that components share: adopted by each shadow root, parsed once. */
import { css } from 'lit';

/** Box model, focus ring, links and headings; every component begins with it. */
export const base = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  :host([hidden]),
  [hidden] {
    display: none !important;
  }

  :focus-visible {
    outline: 2px solid var(--color-focus);
    outline-offset: 1px;
    border-radius: var(--radius-s);
  }

  a {
    color: var(--color-accent);
    text-decoration-thickness: 1px;
    text-underline-offset: 2px;
  }

  a:hover {
    color: var(--color-accent-strong);
  }

  h1,
  h2,
  h3 {
    margin: 0;
    font-weight: 600;
    line-height: 1.25;
  }

  h1 {
    font-size: var(--text-xl);
  }

  h2 {
    font-size: var(--text-m);
  }

  p {
    margin: 0;
  }

  .muted {
    color: var(--color-muted);
  }

  .small {
    font-size: var(--text-s);
  }

  .mono {
    font-family: var(--font-mono);
    font-size: 0.92em;
  }

  .numeric {
    text-align: end;
    font-variant-numeric: tabular-nums;
  }

  .truncate {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-width: 0;
  }

  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** Buttons, text fields and selects: native elements, dressed. */
export const controls = css`
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--space-2);
    min-height: 32px;
    padding: 0 var(--space-3);
    border: 1px solid var(--color-control);
    border-radius: var(--radius-m);
    background: var(--color-surface);
    color: var(--color-text);
    font: inherit;
    font-weight: 500;
    line-height: 1.2;
    text-decoration: none;
    white-space: nowrap;
    cursor: pointer;
    transition: background var(--motion);
  }

  button:hover,
  .button:hover {
    background: var(--color-hover);
    color: var(--color-text);
  }

  button:disabled,
  button[aria-disabled='true'] {
    opacity: 0.55;
    cursor: not-allowed;
  }

  button.primary {
    border-color: transparent;
    background: var(--color-accent);
    color: var(--color-on-accent);
  }

  button.primary:hover {
    background: var(--color-accent-strong);
    color: var(--color-on-accent);
  }

  button.danger {
    color: var(--color-danger);
    border-color: var(--color-danger);
  }

  button.danger:hover {
    background: var(--color-danger-surface);
  }

  button.quiet {
    border-color: transparent;
    background: transparent;
  }

  button.quiet:hover {
    background: var(--color-hover);
  }

  button.icon {
    width: 32px;
    padding: 0;
  }

  button.link {
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    color: var(--color-accent);
    text-decoration: underline;
    text-decoration-thickness: 1px;
    text-underline-offset: 2px;
  }

  input[type='search'],
  input[type='text'],
  select {
    min-height: 32px;
    padding: 0 var(--space-2);
    border: 1px solid var(--color-control);
    border-radius: var(--radius-m);
    background: var(--color-surface);
    color: var(--color-text);
    font: inherit;
  }

  input[type='search']::placeholder {
    color: var(--color-muted);
    opacity: 1;
  }

  select {
    padding-inline-end: var(--space-1);
  }

  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2);
  }

  .toolbar .grow {
    flex: 1 1 200px;
    min-width: 120px;
  }

  .spacer {
    flex: 1;
  }
`;

/** A surface with a border: what a group of facts sits on. */
export const panel = css`
  .panel {
    border: 1px solid var(--color-line);
    border-radius: var(--radius-l);
    background: var(--color-surface);
  }

  .panel > header {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    min-height: 40px;
    padding: var(--space-2) var(--space-4);
    border-bottom: 1px solid var(--color-line);
  }

  .panel > .body {
    padding: var(--space-3) var(--space-4);
  }
`;

/** The column that a page of its own is: as wide as lines can be read, with room at its sides. */
export const page = css`
  .page {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    align-content: start;
    gap: var(--space-4);
    max-width: 1280px;
    margin: 0 auto;
    padding: var(--space-5) var(--space-6) var(--space-8);
  }

  @media (max-width: 700px) {
    .page {
      padding-inline: var(--space-4);
    }
  }
`;

/** A table of what was found, with fixed columns and lines between its rows. */
export const listTable = css`
  table {
    width: 100%;
    min-width: 720px;
    border-collapse: collapse;
    table-layout: fixed;
  }

  th,
  td {
    border-bottom: 1px solid var(--color-line);
    font-weight: 400;
    text-align: start;
  }

  th.numeric,
  td.numeric {
    text-align: end;
  }

  thead th {
    color: var(--color-muted);
    font-size: var(--text-s);
  }
`;
