/** Styles of a session's page: a head that stays, and a view that fills the rest. */
import { css } from 'lit';

export const sessionPageStyles = css`
  :host {
    display: flex !important;
    flex-direction: column;
    height: 100%;
    container-type: inline-size;
  }

  .loading {
    padding: var(--space-6);
  }

  header {
    display: grid;
    flex: none;
    gap: var(--space-2);
    padding: var(--space-3) var(--space-6) 0;
    background: var(--color-surface);
    border-bottom: 1px solid var(--color-line);
  }

  weir-tabs {
    margin: var(--space-1) calc(-1 * var(--space-3)) -1px;
    min-width: 0;
  }

  .title {
    display: flex;
    align-items: center;
    gap: var(--space-3);
    min-width: 0;
  }

  .title .toolbar {
    flex: none;
    flex-wrap: nowrap;
  }

  .title weir-state-badge {
    flex: none;
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

  .meta {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0 var(--space-4);
    min-width: 0;
  }

  .meta .mono {
    max-width: 60ch;
  }

  .meta weir-copy-button {
    margin-inline-start: -12px;
  }

  .progress {
    display: flex;
    gap: var(--space-4);
    align-items: start;
  }

  .progress weir-state-strip {
    flex: 1;
  }

  .share {
    display: grid;
    justify-items: end;
    line-height: 1.3;
    margin-top: -5px;
  }

  .view {
    flex: 1 0 auto;
    min-width: 0;
  }

  .view.fills {
    display: grid;
    flex: 1 1 0;
    min-height: 300px;
  }

  .view.fills > * {
    min-height: 0;
    min-width: 0;
  }

  @container (max-width: 860px) {
    header {
      padding-inline: var(--space-4);
    }
  }

  @container (max-width: 600px) {
    .title {
      flex-wrap: wrap;
    }
  }
`;
