/** Line icons of the window, drawn here on a 16 by 16 grid. Decorative: the words beside them carry the meaning. */
import { LitElement, css, svg, html, type SVGTemplateResult } from 'lit';

const PATHS: Readonly<Record<string, SVGTemplateResult>> = {
  // Shapes of states
  waiting: svg`<circle cx="8" cy="8" r="4.6" />`,
  active: svg`<circle class="thin" cx="8" cy="8" r="6.2" /><path class="solid" d="M6.3 5.1v5.8L11 8z" />`,
  differs: svg`<path class="strong" d="M3 6h10M3 10h10M11 2.5 5 13.5" />`,
  done: svg`<path class="strong" d="M3 8.6 6.4 12 13 4.6" />`,
  error: svg`<path class="solid" d="M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3z" /><path class="cut" d="m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" />`,
  cancelled: svg`<rect class="solid" x="3.4" y="3.4" width="9.2" height="9.2" rx="1.2" />`,
  skipped: svg`<path class="strong" d="m3 4.2 4 3.8-4 3.8M9 4.2 13 8l-4 3.8" />`,
  interrupted: svg`<path class="solid" d="M9.4 1 3.2 9h4L6.4 15l6.4-8.2h-4.2z" />`,
  expired: svg`<path d="M4 2.2h8M4 13.8h8M5 2.2c0 3.4 6 3.6 6 5.8s-6 2.4-6 5.8M11 2.2C11 5.6 5 5.8 5 8s6 2.4 6 5.8" />`,
  deleted: svg`<path class="strong" d="M3 8h10" />`,
  // Kinds of drops, as EAGLE draws them: data slanted, applications boxed
  data: svg`<path d="M4.6 3.2H15l-3.6 9.6H1z" />`,
  app: svg`<rect x="1.8" y="3.2" width="12.4" height="9.6" rx="1.4" />`,
  // Actions
  open: svg`<path d="M1.8 12.8V3.6h4.4l1.6 1.8h5.4v1.8M1.8 12.8l2.2-5.6h11l-2.2 5.6z" />`,
  settings: svg`<path d="M2 4.5h5.5M11.5 4.5H14M2 11.5h2.5M8.5 11.5H14" /><circle cx="9.5" cy="4.5" r="2" /><circle cx="6.5" cy="11.5" r="2" />`,
  info: svg`<circle cx="8" cy="8" r="6.2" /><path d="M8 7.4v3.8" /><path d="M8 4.7v.3" />`,
  close: svg`<path d="m4 4 8 8m0-8-8 8" />`,
  copy: svg`<rect x="5.5" y="5.5" width="8.5" height="8.5" rx="1.5" /><path d="M10.5 5.5V3.3c0-.7-.6-1.3-1.3-1.3H3.3C2.6 2 2 2.6 2 3.3v5.9c0 .7.6 1.3 1.3 1.3h2.2" />`,
  save: svg`<path d="M8 2v8M4.7 7 8 10.3 11.3 7M2.5 13.5h11" />`,
  play: svg`<path class="solid" d="M4.5 2.8v10.4L13 8z" />`,
  stop: svg`<rect class="solid" x="4" y="4" width="8" height="8" rx="1" />`,
  trash: svg`<path d="M2.5 4.2h11M6 4.2V2.5h4v1.7M4 4.2l.6 9.3h6.8l.6-9.3M6.7 7v4M9.3 7v4" />`,
  pin: svg`<path d="M5.5 2.5h5M6.5 2.5v4.2L4.2 9.5h7.6L9.5 6.7V2.5M8 9.5v4.3" />`,
  again: svg`<path d="M13 5.5A5.6 5.6 0 1 0 13.6 9M13.3 2.2v3.5H9.8" />`,
  plus: svg`<path d="M8 3v10M3 8h10" />`,
  minus: svg`<path d="M3 8h10" />`,
  fit: svg`<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />`,
  up: svg`<path d="m4 10 4-4 4 4" />`,
  down: svg`<path d="m4 6 4 4 4-4" />`,
  right: svg`<path d="m6 4 4 4-4 4" />`,
  left: svg`<path d="m10 4-4 4 4 4" />`,
  keyboard: svg`<rect x="1.5" y="4" width="13" height="8.5" rx="1.5" /><path d="M4 6.8h.01M6.7 6.8h.01M9.3 6.8h.01M12 6.8h.01M5 9.8h6" />`,
};

export type IconName = string;

/** @attr name - which icon; an unknown name draws nothing. */
export class WeirIcon extends LitElement {
  static override properties = { name: { type: String } };
  static override styles = css`
    :host {
      display: inline-flex;
      flex: none;
      width: 16px;
      height: 16px;
    }

    svg {
      width: 100%;
      height: 100%;
      fill: none;
      stroke: currentcolor;
      stroke-width: 1.5;
      stroke-linecap: round;
      stroke-linejoin: round;
    }

    .strong {
      stroke-width: 2.2;
    }

    .thin {
      stroke-width: 1.3;
    }

    .solid {
      fill: currentcolor;
      stroke: none;
    }

    .cut {
      stroke: var(--icon-cut, var(--color-surface));
      stroke-width: 1.8;
    }
  `;

  declare name: IconName;

  constructor() {
    super();
    this.name = '';
  }

  override render() {
    return html`<svg viewBox="0 0 16 16" aria-hidden="true">${PATHS[this.name] ?? ''}</svg>`;
  }
}

customElements.define('weir-icon', WeirIcon);
