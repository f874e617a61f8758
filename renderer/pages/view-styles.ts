/** Styles of the views that fill the page below a session's head: a bar of filters, then one thing that scrolls. */
import { css } from 'lit';

export const viewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    background: var(--color-surface);
  }

  .bar {
    flex: none;
    padding: var(--space-2) var(--space-4);
    border-bottom: 1px solid var(--color-line);
    background: var(--color-canvas);
  }

  .bar .grow {
    max-width: 360px;
  }

  .count {
    margin-inline-start: auto;
  }

  .nothing {
    padding: var(--space-8);
    text-align: center;
  }

  weir-virtual-table,
  weir-graph-canvas {
    flex: 1 1 0;
  }
`;
