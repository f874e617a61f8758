/** Styles of the drawing of a logical graph. */
import { css } from 'lit';

export const logicalDrawingStyles = css`
  :host {
    display: block;
    position: relative;
    min-height: 0;
    overflow: hidden;
    background: var(--color-sunken);
  }

  svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    cursor: grab;
    touch-action: none;
    user-select: none;
  }

  svg.dragging {
    cursor: grabbing;
  }

  .shape {
    cursor: pointer;
    outline: none;
    stroke-linejoin: round;
    fill: var(--color-surface);
    stroke: var(--color-control);
    stroke-width: 1.2;
  }

  .group > .shape {
    fill: var(--color-canvas);
    stroke-dasharray: 6 4;
  }

  .deep > .shape {
    fill: var(--color-surface);
  }

  .problem > .shape {
    stroke: var(--state-error);
    stroke-width: 2;
  }

  .selected > .shape,
  .shape:hover {
    stroke: var(--color-focus);
  }

  .selected > .shape {
    stroke-width: 2.4;
  }

  .node > .shape:focus-visible {
    stroke: var(--color-focus);
    stroke-width: 3;
  }

  .texts {
    pointer-events: none;
  }

  text {
    fill: var(--color-text);
    font: 500 12px var(--font-text);
  }

  text.minor {
    fill: var(--color-muted);
    font-weight: 400;
    font-size: 10.5px;
  }

  text.end {
    text-anchor: end;
  }

  text.on-part {
    fill: var(--color-on-part);
    font-size: 9px;
    text-anchor: middle;
  }

  .link {
    fill: none;
    stroke: var(--color-control);
    stroke-width: 1.3;
  }

  .lit {
    stroke: var(--color-focus);
    stroke-width: 2;
  }

  .tools {
    position: absolute;
    inset: auto var(--space-3) var(--space-3) auto;
    display: grid;
    gap: var(--space-1);
  }
`;
