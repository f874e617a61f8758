import { GInvalidLink, type TranslationReason } from './errors.ts';
import { Category } from './logical-graph.ts';
import { areMknHalves, areRelated, countOf, levelOf, type Model, type ModelNode } from './model.ts';
import type { PrepLink } from './prepare.ts';

/** A link whose ends are known. */
export interface ModelLink {
  readonly given: PrepLink;
  readonly source: ModelNode;
  readonly target: ModelNode;
}

/**
 * Checks the links in their order (spec/translator.md 4) and records the inputs of every node. With `report`, an
 * invalid link is told and left out; otherwise the first one is thrown.
 */
export function checkLinks(model: Model, report?: (problem: GInvalidLink) => void): ModelLink[] {
  const links: ModelLink[] = [];
  for (const given of model.links) {
    try {
      const link = resolve(model, given);
      checkLink(link);
      if (!link.target.inputs.includes(link.source)) link.target.inputs.push(link.source);
      links.push(link);
    } catch (error) {
      if (report === undefined || !(error instanceof GInvalidLink)) throw error;
      report(error);
    }
  }
  return links;
}

function resolve(model: Model, given: PrepLink): ModelLink {
  const source = model.byId.get(given.from);
  const target = model.byId.get(given.to);
  if (source !== undefined && target !== undefined) return { given, source, target };
  const missing = source === undefined ? given.from : given.to;
  const other = source ?? target;
  const where = other === undefined ? '' : ` (its other end is "${other.name}", ${other.id})`;
  throw new GInvalidLink(
    'link-unknown-node',
    `Expected link ${given.index + 1} to join two nodes of the graph, found no node ${missing}${where}. ` +
      'Draw the link again or remove it.',
    { link: given.index, fromId: given.from, toId: given.to, found: missing },
    'GRAPH_DANGLING_LINK',
  );
}

/** What is wrong with the link between two nodes: throws `GInvalidLink` with the first rule broken. */
function checkLink(link: ModelLink): void {
  const { source, target } = link;
  const refuse = (reason: TranslationReason, expected: string, found: string): never => {
    throw new GInvalidLink(
      reason,
      `Expected ${expected}, found ${found} (link ${link.given.index + 1}, from "${source.name}", ${source.sourceId}, to ` +
        `"${target.name}", ${target.sourceId}).`,
      {
        link: link.given.index,
        fromId: source.sourceId,
        toId: target.sourceId,
        nodeId: target.sourceId,
        nodeName: target.name,
        expected,
        found,
      },
    );
  };
  const isGroup = (n: ModelNode, category: string): boolean => n.isGroup && n.category === category;
  for (const end of [source, target]) {
    if (isGroup(end, Category.SCATTER)) {
      refuse(
        'scatter-linked-without-app',
        `a Scatter with links to have an application (or links to its contents)`,
        `a link to the Scatter "${end.name}" itself, which has none`,
      );
    }
    if (isGroup(end, Category.LOOP)) {
      refuse(
        'loop-construct-linked',
        `links to the contents of a Loop`,
        `a link to the Loop "${end.name}" itself`,
      );
    }
  }
  if (isGroup(source, Category.GATHER)) checkGatherOutput(source, target, refuse);
  if (isGroup(target, Category.GROUP_BY)) {
    const name = `the GroupBy "${target.name}"`;
    if (source.isGroup) refuse('groupby-input-is-group', `${name} to be fed by data`, 'a construct');
    if (target.inputs.length > 0)
      refuse('groupby-second-input', `${name} to have one input`, 'a second input');
    if (source.parent === undefined) {
      refuse(
        'groupby-needs-scatter',
        `the input of ${name} to be inside a Scatter`,
        'an input at the top level',
      );
    }
  }
  if (isGroup(target, Category.GATHER)) {
    const isData = source.categoryType === 'Data' && !source.isGroup;
    if (!isData && !isGroup(source, Category.GROUP_BY)) {
      refuse(
        'gather-input-kind',
        `the Gather "${target.name}" to be fed by data or a GroupBy`,
        `a source of type ${source.categoryType} (${source.category})`,
      );
    }
  }
  if (isGroup(source, Category.GROUP_BY) && !isGroup(target, Category.GATHER)) {
    refuse(
      'groupby-output-kind',
      `the GroupBy "${source.name}" to be linked on to a Gather`,
      `a link to a ${target.category}`,
    );
  }
  if (areRelated(source, target) || areMknHalves(source, target)) return;
  const bothInLoops = source.parent?.category === Category.LOOP && target.parent?.category === Category.LOOP;
  if (!bothInLoops) {
    refuse(
      'not-hierarchically-related',
      'one end of a link to be inside the construct that contains the other (or both directly in Loops)',
      'two ends in different constructs; gather the data first',
    );
  }
  checkLoops(source, target, refuse);
}

type Refuse = (reason: TranslationReason, expected: string, found: string) => never;

/** A Gather without application may lead on to the start of the Scatter it gathers from: one batch after the other. */
function checkGatherOutput(gather: ModelNode, target: ModelNode, refuse: Refuse): void {
  const first = gather.inputs[0];
  const isFine =
    target.categoryType === 'Application' &&
    target.isStart &&
    first !== undefined &&
    levelOf(target) === levelOf(first);
  if (isFine) return;
  refuse(
    'gather-output-kind',
    `a Gather without application ("${gather.name}") to be linked on to a start application beside its input`,
    `a link to the ${target.category} "${target.name}"`,
  );
}

function checkLoops(source: ModelNode, target: ModelNode, refuse: Refuse): void {
  let a: ModelNode | undefined = source.parent;
  let b: ModelNode | undefined = target.parent;
  while (a?.category === Category.LOOP && b?.category === Category.LOOP) {
    const countA = countOf(a);
    const countB = countOf(b);
    if (countA !== countB) {
      refuse(
        'loops-not-synchronised',
        `linked Loops to have the same number of iterations`,
        `${countA} in "${a.name}" (${a.sourceId}) and ${countB} in "${b.name}" (${b.sourceId})`,
      );
    }
    a = a.parent;
    b = b.parent;
  }
}
