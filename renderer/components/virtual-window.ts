/**
 * Which rows of a very long list are in view. Pure.
 *
 * A browser cannot make an element as tall as a million rows: Chromium ends at 33.5 million physical pixels, half of that
 * in CSS pixels on a dense display. Above `MAX_SPACER_PX` the scroll bar therefore stands for the whole list in a smaller
 * scale: its position is a share of the list, and rows are laid out around it at their real height.
 */

export const MAX_SPACER_PX = 8_000_000;

export interface Viewport {
  readonly scrollTop: number;
  readonly viewHeight: number;
  readonly rowHeight: number;
  readonly total: number;
}

export interface RowWindow {
  /** First and one past the last row to draw. */
  readonly first: number;
  readonly end: number;
  /** Where the first drawn row begins, in pixels from the top of the spacer. */
  readonly offsetPx: number;
  readonly spacerPx: number;
}

const fullHeight = ({ rowHeight, total }: Viewport): number => rowHeight * total;
const spacerOf = (viewport: Viewport): number => Math.min(fullHeight(viewport), MAX_SPACER_PX);

/** How far down the list the view is, in pixels of a list drawn in full. */
function listTop(viewport: Viewport): number {
  const reach = spacerOf(viewport) - viewport.viewHeight;
  if (reach <= 0) return 0;
  const share = Math.min(1, Math.max(0, viewport.scrollTop / reach));
  return share * (fullHeight(viewport) - viewport.viewHeight);
}

/** The rows in view, with some more at either end so that scrolling meets drawn rows. */
export function rowsInView(viewport: Viewport, overscan = 8): RowWindow {
  const { rowHeight, viewHeight, scrollTop, total } = viewport;
  const spacerPx = spacerOf(viewport);
  const top = listTop(viewport);
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const end = Math.min(total, Math.ceil((top + viewHeight) / rowHeight) + overscan);
  const clampedScroll = Math.min(Math.max(0, scrollTop), Math.max(0, spacerPx - viewHeight));
  return { first, end, offsetPx: clampedScroll - (top - first * rowHeight), spacerPx };
}

/** Where to scroll so that row `index` is in view; the present place when it is already. */
export function scrollTopFor(index: number, viewport: Viewport): number {
  const { rowHeight, viewHeight } = viewport;
  const top = listTop(viewport);
  let wanted: number;
  if (index * rowHeight < top) wanted = index * rowHeight;
  else if ((index + 1) * rowHeight > top + viewHeight) wanted = (index + 1) * rowHeight - viewHeight;
  else return viewport.scrollTop;
  const reach = spacerOf(viewport) - viewHeight;
  const fullReach = fullHeight(viewport) - viewHeight;
  return fullReach <= 0 ? 0 : (wanted / fullReach) * reach;
}
