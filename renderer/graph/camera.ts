/** Which part of a drawing the canvas shows. Pure. */

export interface Camera {
  /** The point of the drawing at the canvas' top left corner. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const MIN_SCALE = 0.02;
export const MAX_SCALE = 2.5;
const MARGIN_PX = 32;

const clampScale = (scale: number): number => Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));

/** Shows the whole drawing, in the middle, never larger than life. */
export function fit(drawing: Size, canvas: Size): Camera {
  const scale = clampScale(
    Math.min(
      1,
      (canvas.width - 2 * MARGIN_PX) / Math.max(1, drawing.width),
      (canvas.height - 2 * MARGIN_PX) / Math.max(1, drawing.height),
    ),
  );
  return {
    x: drawing.width / 2 - canvas.width / scale / 2,
    y: drawing.height / 2 - canvas.height / scale / 2,
    scale,
  };
}

/** Zooms so that the point of the drawing under (`atX`, `atY`) of the canvas stays there. */
export function zoomAt(camera: Camera, factor: number, atX: number, atY: number): Camera {
  const scale = clampScale(camera.scale * factor);
  return {
    x: camera.x + atX / camera.scale - atX / scale,
    y: camera.y + atY / camera.scale - atY / scale,
    scale,
  };
}

/** Moves as little as needed for the box to be in view. */
export function reveal(
  camera: Camera,
  canvas: Size,
  box: Size & { readonly x: number; readonly y: number },
): Camera {
  const margin = MARGIN_PX / camera.scale;
  const along = (from: number, length: number, start: number, view: number): number => {
    if (start - margin < from) return start - margin;
    if (start + length + margin > from + view) return start + length + margin - view;
    return from;
  };
  return {
    x: along(camera.x, box.width, box.x, canvas.width / camera.scale),
    y: along(camera.y, box.height, box.y, canvas.height / camera.scale),
    scale: camera.scale,
  };
}
