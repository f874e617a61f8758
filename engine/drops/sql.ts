/** SQL with placeholders, for whatever marker style a database wants (seed `prepare_sql`, spec/engine.md 7.4). */
import { InvalidDropException } from '../protocol/index.ts';

/** Marker styles: those of Python's DB-API, and `dollar` ($1), which PostgreSQL itself has. */
export const ParamStyles = ['qmark', 'numeric', 'named', 'format', 'pyformat', 'dollar'] as const;
export type ParamStyle = (typeof ParamStyles)[number];

export interface PreparedSql {
  readonly sql: string;
  /** Values in the order of the markers, or by name (`n0`, `n1`, ...) for the styles named and pyformat. */
  readonly data: readonly unknown[] | Readonly<Record<string, unknown>>;
}

const PLACEHOLDER = /\{(\d*)\}/g;

function marker(style: ParamStyle, index: number): string {
  switch (style) {
    case 'qmark':
      return '?';
    case 'format':
      return '%s';
    case 'numeric':
      return `:${index + 1}`;
    case 'named':
      return `:n${index}`;
    case 'pyformat':
      return `%(n${index})s`;
    case 'dollar':
      return `$${index + 1}`;
  }
}

/**
 * Replaces the placeholders `{}` and `{N}` of `sql` by markers of `paramstyle`. Without values the text stays as it
 * is. Throws InvalidDropException for unknown styles and for placeholders without a value.
 */
export function prepareSql(sql: string, paramstyle: string, data: readonly unknown[] = []): PreparedSql {
  if (!(ParamStyles as readonly string[]).includes(paramstyle))
    throw new InvalidDropException(
      `The SQL marker style must be one of ${ParamStyles.join(', ')}, but is "${paramstyle}".`,
    );
  const style = paramstyle as ParamStyle;
  if (data.length === 0) return { sql, data: {} };
  const used: number[] = [];
  let next = 0;
  const text = sql.replaceAll(PLACEHOLDER, (whole, digits: string) => {
    const index = digits === '' ? next++ : Number(digits);
    if (index >= data.length)
      throw new InvalidDropException(
        `The SQL text has the placeholder ${whole} as number ${index}, but only ${data.length} values were given: ${sql}`,
      );
    used.push(index);
    return marker(style, index);
  });
  if (style === 'named' || style === 'pyformat')
    return { sql: text, data: Object.fromEntries(data.map((value, i) => [`n${i}`, value])) };
  // Markers without a number take the values in the order in which they stand.
  if (style === 'qmark' || style === 'format') return { sql: text, data: used.map((index) => data[index]) };
  return { sql: text, data: [...data] };
}

const PLAIN_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]*$/;

/**
 * An identifier, quoted. Names with dots are taken apart where each part is a plain name (schema.table). With
 * `folds`, plain names become lower case first, as PostgreSQL does with names that are not quoted.
 */
export function quoteIdentifier(name: string, folds = false): string {
  if (name === '' || name.includes('\0'))
    throw new InvalidDropException(
      `The name of a table or column must not be empty or hold NUL: ${JSON.stringify(name)}`,
    );
  const parts = name.split('.');
  if (!parts.every((part) => PLAIN_IDENTIFIER.test(part))) return `"${name.replaceAll('"', '""')}"`;
  return parts.map((part) => `"${folds ? part.toLowerCase() : part}"`).join('.');
}
