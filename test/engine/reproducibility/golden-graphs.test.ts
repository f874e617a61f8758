import path from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  ALL_RMODES,
  commitRuntimeData,
  commonHash,
  contentReproduceData,
  initLgReproData,
  initLgtReproData,
  initPgReproData,
  initPgtPartitionReproData,
  initPgtUnrollReproData,
  initRuntimeReproData,
  parsePythonJson,
  ReproducibilityFlags,
  type RModeName,
  runtimeLevel,
  storeRuntimeData,
  stringifyPythonJson,
} from '../../../engine/reproducibility/index.ts';
import { type Any, goldenGraphs, hasGolden, readGolden, readText, SHARED, SKIP_REASON } from './golden.ts';

const throughJson = (value: unknown): Any => parsePythonJson(stringifyPythonJson(value));

const golden = goldenGraphs();

/** The recorded drops, each with the reprodata of its node: shared dictionaries, as the translator makes them. */
function unrolled(file: Any, lg: Any): Any[] {
  const byId = new Map<string, Any>(lg.nodeDataArray.map((node: Any) => [node.id, node]));
  const drops = file.drops.map((drop: Any) => ({
    ...drop,
    reprodata: { ...byId.get(file.origin[drop.oid]).reprodata },
  }));
  return [...drops, lg.reprodata];
}

function place(drops: Any[], placement: Any): void {
  for (const drop of drops) {
    if (drop.oid === undefined) continue;
    [drop.node, drop.island] = placement[drop.oid];
  }
}

/** What this stage should have written for this mode, following "same_as". */
function expected(file: Any, mode: string, stage: string): Any {
  const block = file.results[mode][stage];
  return block?.same_as === undefined ? block : expected(file, block.same_as, stage);
}

/** The values of ALL at run time, where the delivered data is hashed. */
function atRunTime(file: Any, mode: string): Any {
  const block = file.results.ALL.rg[mode];
  return block.same_as === undefined ? block : atRunTime(file, block.same_as);
}

function check(
  file: Any,
  mode: RModeName,
  stage: string,
  drops: Any[],
  repro: Any,
  want = expected(file, mode, stage),
): number {
  expect(repro[mode].signature, `${mode} ${stage} signature`).toBe(want.signature);
  const byId = new Map<string, Any>(drops.map((drop) => [drop.oid ?? drop.id, drop]));
  let compared = 1;
  for (const [id, keys] of Object.entries<Any>(want.drops)) {
    const drop = byId.get(id);
    for (const [key, value] of Object.entries(keys)) {
      const found = key === 'rg_data_at_top_level' ? drop.reprodata.rg_data : drop.reprodata[mode][key];
      expect(found, `${mode} ${stage} ${id} ${key}`).toEqual(value);
      compared++;
    }
    if (stage === 'lg') expect('lg_blockhash' in drop.reprodata[mode]).toBe('lg_blockhash' in keys);
  }
  return compared;
}

function runToTheEnd(drops: Any[], repro: Any): Map<string, Any> {
  const map = new Map<string, Any>(drops.map((drop) => [drop.oid, drop]));
  for (const drop of drops) {
    const isData = drop.categoryType.toLowerCase() === 'data';
    const reproduceData = contentReproduceData(commonHash(`content of ${drop.oid}`));
    storeRuntimeData(
      drop,
      commitRuntimeData(runtimeLevel(drop), { status: 2, ...(isData && { reproduceData }) }),
    );
  }
  initRuntimeReproData(map, repro);
  return map;
}

function logical(file: Any, mode: RModeName): Any {
  const graph = parsePythonJson(readText(path.join(SHARED, file.graph))) as Any;
  initLgtReproData(graph, String(ReproducibilityFlags[mode]));
  return initLgReproData(graph);
}

/** Runs all stages of one mode and compares each; `modes` are the dictionaries to look at. */
function runMode(file: Any, mode: RModeName, modes: readonly RModeName[]): number {
  let compared = 0;
  const compare = (stage: string, drops: Any[], repro: Any): void => {
    for (const name of modes) compared += check(file, name, stage, drops, repro);
  };
  let lg = logical(file, mode);
  compare('lg', lg.nodeDataArray, lg.reprodata);
  if (file.drops === undefined || mode === 'NOTHING') return compared;
  lg = throughJson(lg);
  const isEnumCategoryType = (oid: string): boolean => oid in file.in_process_category_type;
  const graph = initPgtUnrollReproData(unrolled(file, lg), { isEnumCategoryType });
  compare('pgt_unroll', graph, graph.at(-1));

  const stepwise = throughJson(graph);
  place(stepwise, file.placement.pgt);
  initPgtPartitionReproData(stepwise);
  compare('pgt_partition', stepwise, stepwise.at(-1));
  const mapped = throughJson(stepwise);
  place(mapped, file.placement.pg);
  initPgReproData(mapped);
  compare('pg', mapped, mapped.at(-1));

  if (expected(file, modes[0] as string, 'pgt_partition_shared') !== undefined) {
    place(graph, file.placement.pgt);
    initPgtPartitionReproData(graph, { isEnumCategoryType });
    compare('pgt_partition_shared', graph, graph.at(-1));
    const combined = throughJson(graph);
    place(combined, file.placement.pg);
    initPgReproData(combined);
    compare('pg_shared', combined, combined.at(-1));
  }
  if (mode === 'EXPERIMENTAL') return compared;
  const running = throughJson(mapped);
  const repro = running.pop();
  runToTheEnd(running, repro);
  if (mode !== 'ALL') compare('rg', running, repro);
  else for (const name of modes) compared += check(file, name, 'rg', running, repro, atRunTime(file, name));
  return compared;
}

describe.skipIf(!hasGolden)(
  `hashes of whole graphs equal the real system's (skipped where ${SKIP_REASON})`,
  () => {
    it.each(golden)('%s: every mode at every stage', (name) => {
      const file = readGolden(`graphs/${name}`);
      let compared = 0;
      for (const mode of Object.keys(file.results) as RModeName[])
        compared += mode === 'ALL' ? runMode(file, 'ALL', ALL_RMODES) : runMode(file, mode, [mode]);
      expect(compared).toBeGreaterThan(10);
    });
  },
);
