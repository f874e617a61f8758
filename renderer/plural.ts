/** Numbers with their nouns. */
import { formatInteger } from './format.ts';

const rules = new Intl.PluralRules('en');

/** "1 drop", "12,400 drops". */
export const plural = (count: number, one: string, other: string): string =>
  `${formatInteger(count)} ${rules.select(count) === 'one' ? one : other}`;
