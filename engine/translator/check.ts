import { convertConstructs } from './constructs.ts';
import { TranslatorError, type Place, type TranslationReason, type TranslationWarning } from './errors.ts';
import { checkLinks } from './link-rules.ts';
import { Category } from './logical-graph.ts';
import { buildModel, checkNesting, dopOf, type Model, type ModelNode } from './model.ts';
import { planModel, type UnrollOptions } from './plan.ts';
import { prepare } from './prepare.ts';
import { readWithProblems } from './read.ts';
import { templateOf } from './templates.ts';

/** One finding of the validator. */
export interface GraphProblem {
  readonly severity: 'error' | 'warning';
  readonly reason: TranslationReason | TranslationWarning['reason'];
  readonly message: string;
  readonly place: Place;
}

/**
 * Everything wrong with a logical graph, not only the first thing: for editors and for people who have to mend a graph.
 * Empty of errors means that `unroll` accepts the graph. Never throws for a graph, however broken.
 */
export function checkLogicalGraph(
  input: unknown,
  options: Omit<UnrollOptions, 'oidPrefix' | 'warn'> = {},
): GraphProblem[] {
  const found: GraphProblem[] = [];
  const seen = new Set<string>();
  const add = (problem: GraphProblem): void => {
    if (seen.has(problem.message)) return;
    seen.add(problem.message);
    found.push(problem);
  };
  const warn = (w: TranslationWarning): void => add({ severity: 'warning', ...w });
  const attempt = (action: () => void): boolean => {
    try {
      action();
      return true;
    } catch (error) {
      if (!(error instanceof TranslatorError)) throw error;
      add({ severity: 'error', reason: error.reason, message: error.message, place: error.place });
      return false;
    }
  };
  const { graph, problems } = readWithProblems(input);
  for (const p of problems) add({ severity: 'error', reason: p.reason, message: p.message, place: p.place });
  if (graph === undefined || problems.length > 0) return found;
  const rules = options.rules ?? 'daliuge';
  let model: Model | undefined;
  attempt(() => {
    model = buildModel(convertConstructs(prepare(graph, rules, warn)), rules, warn);
  });
  const built = model;
  if (built === undefined) return found;
  const links = checkLinks(built, (p) =>
    add({ severity: 'error', reason: p.reason, message: p.message, place: p.place }),
  );
  const template = { zeroRun: false, appClass: undefined, rules };
  for (const node of built.nodes) {
    attempt(() => checkNesting(node, rules));
    if (node.isGroup) attempt(() => dopOf(node, rules));
    else if (leavesDrops(node, built)) attempt(() => templateOf(node, template));
  }
  attempt(() => planModel(built, links, { ...options, oidPrefix: 'check', warn }));
  return found;
}

/** Whether drops are made of a component: not of comments at the top, Start and Service nodes. */
function leavesDrops(node: ModelNode, model: Model): boolean {
  if (node.category === Category.START) return false;
  if (node.category === Category.END && model.rules === 'corrected') return false;
  if (node.category === Category.SERVICE && !node.isEmbeddedApp) return false;
  return node.parent === undefined ? model.roots.includes(node) : node.parent.children.includes(node);
}
