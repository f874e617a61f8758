/**
 * Which behaviour a translation follows where DALiuGE 6.7.0 is known to be wrong (spec/translator.md 17).
 *
 * `daliuge`: the same graph as DALiuGE, drop for drop, wherever it produces one. `corrected`: what was meant: comments
 * inside constructs, End nodes and the orphan of a Service are no drops; iterations of loops inside a Scatter stay in
 * their copy; a field named like a node key does not switch translation steps off; Gather and the other constructs may
 * be nested. What DALiuGE crashes on works under both.
 */
export type TranslationRules = 'daliuge' | 'corrected';
