/** Colours of the parts a graph is divided into. Parts beyond the last colour begin anew; what part it is, is also written. */
import { css } from 'lit';

export const PART_COLORS = 8;

export const partClass = (part: number): string => `part part-${part % PART_COLORS}`;

export const partColors = css`
  .part {
    fill: var(--part);
    background: var(--part);
    color: var(--color-on-part);
  }

  .part-0 {
    --part: var(--part-1);
  }

  .part-1 {
    --part: var(--part-2);
  }

  .part-2 {
    --part: var(--part-3);
  }

  .part-3 {
    --part: var(--part-4);
  }

  .part-4 {
    --part: var(--part-5);
  }

  .part-5 {
    --part: var(--part-6);
  }

  .part-6 {
    --part: var(--part-7);
  }

  .part-7 {
    --part: var(--part-8);
  }
`;
