import type { JsonObject } from '../protocol/index.ts';
import {
  initLgReproData,
  initLgtReproData,
  initPgReproData,
  initPgtPartitionReproData,
  initPgtUnrollReproData,
  parsePythonJson,
  parseRMode,
  rmodeText,
  stringifyPythonJson,
} from '../reproducibility/index.ts';
import {
  fillFromForm,
  mapFromForm,
  partitionFromForm,
  unrollFromForm,
  type FormFields,
  type RestOptions,
} from './rest.ts';

/** The routes of the translator that take a graph in a form and answer with a graph (spec/translator.md 16). */
export const FORM_ROUTES = ['lg_fill', 'unroll', 'partition', 'unroll_and_partition', 'map'] as const;
export type FormRoute = (typeof FORM_ROUTES)[number];

/**
 * The JSON text a route answers with, with the reproducibility stages that belong to it (spec/reproducibility.md 8).
 * `hosts` are those of a manager that was asked for them, where a form for `map` names none.
 */
export function answerForm(
  route: FormRoute,
  content: string,
  form: FormFields,
  options: RestOptions,
  hosts: readonly string[] = [],
): string {
  if (route === 'lg_fill') {
    const graph = fillFromForm(content, form);
    initLgReproData(initLgtReproData(graph, rmodeText(parseRMode(form['rmode'] ?? 'NOTHING'))));
    return stringifyPythonJson(graph);
  }
  // Text with an R-mode is read with its number tokens, which hashes need; the functions take what was read.
  const graph: unknown = content.includes('"rmode"') ? parsePythonJson(content) : content;
  switch (route) {
    case 'unroll':
      return stringifyPythonJson(unrolled(graph, form, options));
    case 'partition':
      return stringifyPythonJson(partitioned(graph, form, options));
    case 'unroll_and_partition':
      return stringifyPythonJson(partitioned(unrolled(graph, form, options), form, options));
    case 'map': {
      const list = mapFromForm(graph, form, hosts);
      initPgReproData(list);
      return stringifyPythonJson(list);
    }
  }
}

function unrolled(graph: unknown, form: FormFields, options: RestOptions): JsonObject[] {
  return initPgtUnrollReproData(unrollFromForm(graph, form, options));
}

function partitioned(graph: unknown, form: FormFields, options: RestOptions): JsonObject[] {
  return initPgtPartitionReproData(partitionFromForm(graph, form, options));
}
