/** Relations between drops (seed `dlg.ddap_protocol.DROPLinkType`, `DROPRel`; spec/engine.md 1.5). */
export const DROPLinkType = {
  CONSUMER: 0,
  STREAMING_CONSUMER: 1,
  PRODUCER: 2,
  PARENT: 3,
  CHILD: 4,
  INPUT: 5,
  STREAMING_INPUT: 6,
  OUTPUT: 7,
} as const;
export type DROPLinkType = (typeof DROPLinkType)[keyof typeof DROPLinkType];
export type DropLinkName = keyof typeof DROPLinkType;

/** X is a CONSUMER of Y exactly when Y is an INPUT of X, and so on. Indexed by link type. */
export const INVERSE_LINK: readonly DROPLinkType[] = [5, 6, 7, 4, 3, 0, 1, 2];

/** The dropspec key that lists a link type. Indexed by link type. */
export const LINK_SPEC_KEY = [
  'consumers',
  'streamingConsumers',
  'producers',
  'parent',
  'children',
  'inputs',
  'streamingInputs',
  'outputs',
] as const;
export type LinkSpecKey = (typeof LINK_SPEC_KEY)[number];

/** "lhs is a `rel` of rhs": `DROPRel("D", CONSUMER, "A")` means D consumes A. A 3-element list, also on the wire. */
export type DROPRel = readonly [lhs: string, rel: DROPLinkType, rhs: string] & {
  readonly lhs: string;
  readonly rel: DROPLinkType;
  readonly rhs: string;
};

export function DROPRel(lhs: string, rel: DROPLinkType, rhs: string): DROPRel {
  // Not enumerable: whoever compares or sends it sees the list.
  return Object.freeze(
    Object.defineProperties([lhs, rel, rhs], {
      lhs: { value: lhs },
      rel: { value: rel },
      rhs: { value: rhs },
    }),
  ) as unknown as DROPRel;
}
