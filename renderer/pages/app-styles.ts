/** Styles of the window's frame. */
import { css } from 'lit';

export const appStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto auto minmax(0, 1fr);
    grid-template-areas: 'header' 'banner' 'main';
    grid-template-columns: minmax(0, 1fr);
    height: 100%;
  }

  .skip {
    position: absolute;
    z-index: 5;
    inset: var(--space-2) auto auto var(--space-2);
    padding: var(--space-2) var(--space-3);
    border-radius: var(--radius-m);
    background: var(--color-accent);
    color: var(--color-on-accent);
    transform: translateY(-200%);
  }

  .skip:focus {
    transform: none;
  }

  header {
    grid-area: header;
    display: flex;
    align-items: center;
    gap: var(--space-1);
    min-height: 48px;
    padding: var(--space-1) var(--space-4);
    border-bottom: 1px solid var(--color-line);
    background: var(--color-surface);
  }

  .brand {
    display: inline-flex;
    align-items: center;
    gap: var(--space-2);
    margin-inline-end: var(--space-4);
    color: var(--color-text);
    font-size: var(--text-l);
    font-weight: 650;
    letter-spacing: 0.01em;
    text-decoration: none;
  }

  .brand svg {
    width: 24px;
    height: 24px;
    fill: none;
    stroke-width: 2.6;
    stroke-linecap: round;
  }

  .brand rect {
    fill: #0b6a8f;
  }

  .brand .water {
    stroke: #ffffff;
  }

  .brand .fall {
    stroke: #9fdcf3;
  }

  nav a {
    display: inline-flex;
    align-items: center;
    min-height: 32px;
    padding: 0 var(--space-3);
    border-radius: var(--radius-m);
    color: var(--color-muted);
    font-weight: 500;
    text-decoration: none;
  }

  nav a:hover {
    background: var(--color-hover);
    color: var(--color-text);
  }

  nav a[aria-current] {
    background: var(--color-sunken);
    color: var(--color-text);
  }

  header button.primary {
    margin-inline-end: var(--space-2);
  }

  .banner {
    grid-area: banner;
    display: flex;
    align-items: center;
    gap: var(--space-2);
    padding: var(--space-2) var(--space-4);
    border-bottom: 1px solid var(--color-line);
    background: var(--color-warning-surface);
  }

  .banner weir-icon {
    color: var(--state-interrupted);
  }

  main {
    grid-area: main;
    min-height: 0;
    overflow: auto;
    outline: none;
  }

  main > * {
    display: block;
    min-height: 100%;
  }

  .notices {
    position: fixed;
    z-index: 3;
    inset: auto var(--space-4) var(--space-4) auto;
    display: grid;
    gap: var(--space-2);
    width: min(440px, calc(100vw - 32px));
    border-radius: var(--radius-m);
  }

  .notices weir-notice {
    border-radius: var(--radius-m);
    background: var(--color-raised);
    box-shadow: var(--shadow-raised);
  }

  .drop-zone {
    position: fixed;
    z-index: 4;
    inset: 0;
    display: grid;
    place-items: center;
    padding: var(--space-4);
    background: var(--color-scrim);
    pointer-events: none;
  }

  .drop-zone div {
    display: grid;
    justify-items: center;
    gap: var(--space-2);
    padding: var(--space-8) var(--space-12);
    border: 2px dashed var(--color-accent);
    border-radius: var(--radius-l);
    background: var(--color-raised);
    text-align: center;
  }

  .drop-zone weir-icon {
    width: 32px;
    height: 32px;
    color: var(--color-accent);
  }

  .drop-zone span {
    color: var(--color-muted);
  }

  @media (max-width: 620px) {
    header {
      padding-inline: var(--space-2);
    }

    .brand {
      margin-inline-end: var(--space-1);
    }

    .brand span,
    .primary-text {
      display: none;
    }

    nav {
      min-width: 0;
    }

    nav a {
      padding-inline: var(--space-2);
    }
  }
`;
