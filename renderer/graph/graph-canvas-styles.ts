/** Styles of the widget around a graph's drawing. */
import { css } from 'lit';

export const graphCanvasStyles = css`
  :host {
    display: block;
    position: relative;
    min-height: 0;
    overflow: hidden;
    background: var(--color-sunken);
  }

  canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    cursor: grab;
    touch-action: none;
    outline-offset: -2px;
  }

  canvas.over-node {
    cursor: pointer;
  }

  canvas.dragging {
    cursor: grabbing;
  }

  .tools {
    position: absolute;
    inset: auto var(--space-3) var(--space-3) auto;
    display: grid;
    gap: var(--space-1);
  }

  .card,
  .outside {
    position: absolute;
    border: 1px solid var(--color-line);
    border-radius: var(--radius-m);
    background: var(--color-raised);
    box-shadow: var(--shadow-raised);
  }

  .card {
    inset: auto auto var(--space-3) var(--space-3);
    display: grid;
    gap: var(--space-1);
    width: min(300px, calc(100% - 24px));
    padding: var(--space-3);
    pointer-events: none;
  }

  .card strong {
    overflow-wrap: anywhere;
  }

  .outside {
    inset: var(--space-3) auto auto var(--space-3);
    display: flex;
    align-items: center;
    gap: var(--space-2);
    padding: var(--space-1) var(--space-1) var(--space-1) var(--space-3);
    --icon-cut: var(--color-raised);
  }

  .outside weir-icon {
    color: var(--state-error);
  }

  .probe {
    position: absolute;
    visibility: hidden;
  }
`;
