/** The colours of a drawing: design tokens as a canvas understands them. */
import { FAMILY_ORDER, type StateFamily } from '../states.ts';

export interface Palette {
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  /** What has not happened yet: lighter than a mark, so that progress is what is seen. */
  readonly waiting: string;
  readonly edge: string;
  readonly focus: string;
  readonly danger: string;
  readonly fontText: string;
  readonly states: Readonly<Record<StateFamily, string>>;
}

/** Resolves tokens by way of `probe`, an element whose colour nobody sees; the font is that of `host`. */
export function readPalette(host: Element, probe: HTMLElement): Palette {
  const color = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const states = Object.fromEntries(FAMILY_ORDER.map((family) => [family, color(`--state-${family}`)]));
  return {
    surface: color('--color-surface'),
    text: color('--color-text'),
    muted: color('--color-muted'),
    waiting: color('--color-waiting'),
    edge: color('--color-control'),
    focus: color('--color-focus'),
    danger: color('--color-danger'),
    fontText: getComputedStyle(host).fontFamily,
    states: states as Record<StateFamily, string>,
  };
}
