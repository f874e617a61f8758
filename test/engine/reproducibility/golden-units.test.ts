import path from 'node:path';

import { describe, expect, it } from 'vitest';

import * as repro from '../../../engine/reproducibility/index.ts';
import { ALL_RMODES, parsePythonJson, type RModeName } from '../../../engine/reproducibility/index.ts';
import { type Any, GOLDEN, hasGolden, readGolden, readText, SHARED, SKIP_REASON } from './golden.ts';

const hex = (bytes: string): string => {
  const arena = new repro.Sha3Arena();
  return arena.hex(arena.leafText(bytes));
};
const oneJson = (value: unknown): Any => parsePythonJson(repro.stringifyPythonJson(value));
const MODES = Object.keys(repro.ReproducibilityFlags) as RModeName[];
const follow = (table: Any, mode: string): Any =>
  table[mode]?.same_as ? follow(table, table[mode].same_as) : table[mode];

describe.skipIf(!hasGolden)(`units equal the real system's (skipped where ${SKIP_REASON})`, () => {
  it('prints every value as Python does and hashes the tuple text', () => {
    const { cases } = readGolden('unit/python_repr.json');
    for (const { json, repr, str_tuple, leaf } of cases) {
      const value = parsePythonJson(json);
      expect(repro.pythonRepr(value), json).toBe(repr);
      expect(repro.tupleText('k', value), json).toBe(str_tuple);
      expect(hex(repro.tupleText('k', value)), json).toBe(leaf);
    }
    expect(cases.length).toBeGreaterThan(70);
  });

  it('hashes leaves, nodes, lists, dictionaries and signatures', () => {
    const file = readGolden('unit/hashing.json');
    const arena = new repro.Sha3Arena();
    for (const { hex_in, out } of file.common_hash) {
      const bytes = Buffer.from(hex_in, 'hex');
      expect(repro.commonHash(bytes)).toBe(out);
      expect(arena.hex(arena.hashBytes(bytes))).toBe(out);
      const hasher = repro.commonHasher();
      hasher.update(bytes.subarray(0, 3));
      hasher.update(bytes.subarray(3));
      expect(hasher.digest()).toBe(out);
    }
    for (const { utf8_in, out } of file.leaf_sha3) expect(hex(utf8_in)).toBe(out);
    expect(repro.merkleRoot([new Uint8Array(0)])).toBe(file.leaf_of_empty_bytes);
    expect(repro.merkleRoot([null])).toBe(file.leaf_of_None);
    for (const { leaves, root } of [...file.merkle_sha3, ...file.merkle_duplicate_leaves])
      expect(repro.merkleRoot(leaves)).toBe(root);
    const special: Any = { 'None-object': null, 'empty-bytes': new Uint8Array(0) };
    for (const { leaves, root } of file.merkle_sha3_with_None_and_bytes)
      expect(repro.merkleRoot(leaves.map((leaf: string) => (leaf in special ? special[leaf] : leaf)))).toBe(
        root,
      );
    for (const { json, leaves, root } of file.merkle_items) {
      expect(repro.dictionaryLeaves(parsePythonJson(json) as Any)).toEqual(leaves);
      expect(repro.dictionaryRoot(parsePythonJson(json) as Any)).toBe(root);
    }
    for (const { leaves, signature } of file.agglomerate)
      expect(repro.agglomerateLeaves(leaves)).toBe(signature);
    for (const { rmode, merkleroot } of file.meta)
      expect(repro.graphReproData(repro.rflagCaster(rmode))['merkleroot']).toBe(merkleroot);
  });

  it('reads rmode values', () => {
    for (const { in: value, mode } of readGolden('unit/rflag_caster.json').cases)
      expect(repro.rflagCaster(value), String(value)).toBe(mode);
  });

  it('looks up the fields of the tables, in order', () => {
    const file = readGolden('unit/fields.json');
    const pairs = (table: repro.FieldTable): Any => table.map(([name, op]) => [name, op]);
    const same = (table: repro.FieldTable, want: Any, what: string): void =>
      expect(pairs(table), what).toEqual(Object.entries(want));
    for (const mode of MODES) {
      same(repro.lgtFields(mode), follow(file.lgt, mode), `lgt ${mode}`);
      for (const [category, want] of Object.entries(follow(file.lg, mode)))
        same(repro.lgFields(mode, category), want, `lg ${mode} ${category}`);
      for (const [category, want] of Object.entries(follow(file.lg_custom_fields, mode)))
        same(repro.lgFields(mode, category, ['zz', 'aa']), want, `lg custom ${mode} ${category}`);
      same(repro.pgFields(mode), follow(file.pg, mode), `pg ${mode}`);
      for (const [kind, want] of Object.entries<Any>(follow(file.pgt_unroll, mode))) {
        if (mode === 'ALL') continue;
        const isData = kind.toLowerCase() === 'data';
        same(repro.pgtUnrollFields(mode, isData), want, `unroll ${mode} ${kind}`);
        same(
          repro.pgtPartitionFields(mode, isData),
          { ...want, ...follow(file.pgt_partition, mode) },
          `partition ${mode} ${kind}`,
        );
      }
    }
  });

  it('extracts the data of nodes of every category and of physical drops', () => {
    const { template, cases, physical } = readGolden('unit/extract.json');
    for (const { category, results } of cases)
      for (const mode of MODES) {
        const want = follow(results, mode);
        if (want === undefined) continue;
        const categoryType = ['File', 'Memory'].includes(category) ? 'Data' : 'Application';
        const node = { ...oneJson(template), category, categoryType };
        const graph = { nodeDataArray: [node], linkDataArray: [] };
        repro.initLgReproData(repro.initLgtReproData(graph, repro.rmodeText(mode)));
        for (const key of ['lgt_data', 'lg_data'])
          expect(node.reprodata[mode][key], `${category} ${mode} ${key}`).toEqual(want[key]);
      }
    for (const { drop, mode, ...want } of physical) {
      const extractor = new repro.DataExtractor();
      const isData = drop.categoryType.toLowerCase() === 'data';
      const tables: Any = {
        pgt_unroll: repro.pgtUnrollFields(mode, isData),
        pgt_partition: repro.pgtPartitionFields(mode, isData),
        pg: repro.pgFields(mode),
      };
      for (const key of Object.keys(tables))
        expect(extractor.extract(drop, tables[key], 'drop'), `${drop.categoryType} ${mode} ${key}`).toEqual(
          want[key],
        );
    }
  });

  it('walks and chains small prepared graphs', () => {
    const { graphs, results } = readGolden('unit/blockdag.json');
    for (const { case: name, stage, mode, visited, leaves, signature, drops: want } of results) {
      const drops = oneJson(graphs[name]);
      drops.forEach((drop: Any, i: number) => {
        const T = drop.categoryType;
        drop.reprodata = {
          rmode: repro.rmodeText(mode),
          [mode]: {
            rmode: repro.rmodeText(mode),
            lgt_data: { categoryType: T, category: 'c' },
            lg_blockhash: `lg${i}`,
            pgt_data: { merkleroot: `pgtroot${i}`, categoryType: T },
            pgt_blockhash: `pgt${i}`,
            pg_data: { merkleroot: `pgroot${i}` },
            pg_blockhash: `pg${i}`,
            rg_data: { merkleroot: `rg${i}` },
            pgt_parenthashes: {},
            pg_parenthashes: {},
            rg_parenthashes: {},
          },
        };
      });
      const graphRepro: Any = { rmode: repro.rmodeText(mode) };
      const topology = repro.physicalTopology(drops);
      expect(
        [...topology.visited].map((i) => topology.ids[i]),
        `${name} visited`,
      ).toEqual(visited);
      repro.signPhysical(drops, graphRepro, stage);
      expect(graphRepro[mode].signature, `${name} ${stage} ${mode}`).toBe(signature);
      const blocks = [...topology.isLeaf.keys()].filter((i) => topology.isLeaf[i]);
      expect(blocks.map((i) => drops[i].reprodata[mode][`${stage}_blockhash`]).sort()).toEqual(
        [...leaves].sort(),
      );
      for (const drop of drops)
        for (const [key, value] of Object.entries(want[drop.oid] ?? {}))
          expect(drop.reprodata[mode][key], `${name} ${stage} ${mode} ${drop.oid} ${key}`).toEqual(value);
    }
  });

  it('writes the complete documents of a small graph at every stage', () => {
    const file = readGolden('unit/full_shape.json');
    const golden = readGolden('graphs/h_chain.json');
    const only = (list: Any[], id: string): Any =>
      list.map((item) =>
        id in item ? { [id]: item[id], ...('reprodata' in item && { reprodata: item.reprodata }) } : item,
      );
    const same = (mine: Any, want: Any, what: string): void =>
      expect(repro.stringifyPythonJson(mine, { indent: 1 }), what).toBe(
        repro.stringifyPythonJson(want, { indent: 1 }),
      );
    for (const mode of ['NOTHING', 'RERUN', 'REPRODUCE', 'RECOMPUTE', 'ALL'] as const) {
      const graph = parsePythonJson(readText(path.join(SHARED, golden.graph))) as Any;
      const lgShape = (): Any => ({
        nodeDataArray: only(graph.nodeDataArray, 'id'),
        reprodata: graph.reprodata,
      });
      repro.initLgtReproData(graph, repro.rmodeText(mode));
      same(lgShape(), file[mode].lgt, `${mode} lgt`);
      repro.initLgReproData(graph);
      same(lgShape(), file[mode].lg, `${mode} lg`);
      const byId = new Map<string, Any>(graph.nodeDataArray.map((node: Any) => [node.id, node]));
      let drops: Any[] = golden.drops.map((drop: Any) => ({
        ...drop,
        reprodata: byId.get(golden.origin[drop.oid]).reprodata,
      }));
      drops = oneJson([...drops, graph.reprodata]);
      const stage = (key: string, run: (list: Any[]) => Any, placement?: Any): void => {
        for (const drop of drops) if (placement && drop.oid) [drop.node, drop.island] = placement[drop.oid];
        drops = run(oneJson(drops));
        same(only(drops, 'oid'), file[mode][key], `${mode} ${key}`);
      };
      stage('pgt_unroll', repro.initPgtUnrollReproData);
      stage('pgt_partition', repro.initPgtPartitionReproData, golden.placement.pgt);
      stage('pg', repro.initPgReproData, golden.placement.pg);
    }
    const bare: Any[] = [...golden.drops.map((drop: Any) => ({ ...drop, reprodata: {} })), {}];
    same(only(repro.initPgtUnrollReproData(bare), 'oid'), file.no_logical_step.pgt_unroll, 'no logical step');
  });

  it('fails, or not, as the real system does in odd cases', () => {
    for (const item of readGolden('unit/edge_cases.json').cases) {
      const { input } = item;
      const run = (): Any => {
        if (input.graph !== undefined) {
          const graph = input.graph;
          if (input.rmode !== undefined) repro.initLgtReproData(graph, input.rmode);
          repro.initLgReproData(graph);
          return graph;
        }
        if (input.pgt !== undefined) {
          const stages: Any = {
            pgt_unroll: repro.initPgtUnrollReproData,
            pgt_partition: repro.initPgtPartitionReproData,
            pg: repro.initPgReproData,
          };
          let list = input.pgt;
          for (const stage of input.stage.split(/ then |, /)) list = stages[stage](oneJson(list));
          return list;
        }
        const list: Any[] = input.pg;
        const graphRepro = 'reprodata' in input ? input.reprodata : list.at(-1);
        const drops = Object.fromEntries(
          list.filter((drop) => 'oid' in drop).map((drop) => [drop.oid, drop]),
        );
        const signed = repro.initRuntimeReproData(drops, graphRepro);
        return signed === null ? drops : { ...drops, reprodata: signed };
      };
      if (item.exception !== undefined) {
        let key: unknown;
        try {
          run();
        } catch (error) {
          key = (error as repro.ReproKeyError).key;
        }
        expect(key, item.case).toBe(item.detail);
        continue;
      }
      const result = run();
      const shape = (value: Any, want: Any): Any => {
        if (Array.isArray(want)) return want.map((w, i) => shape(value[i], w));
        if (want === null || typeof want !== 'object' || want instanceof repro.PyFloat) return value;
        return Object.fromEntries(Object.keys(want).map((key) => [key, shape(value[key], want[key])]));
      };
      expect(oneJson(shape(result, item.result)), item.case).toEqual(item.result);
      if ('nodeDataArray' in item.result)
        for (const [i, node] of item.result.nodeDataArray.entries())
          if ('reprodata' in node)
            expect(repro.stringifyPythonJson(result.nodeDataArray[i].reprodata), item.case).toBe(
              repro.stringifyPythonJson(node.reprodata),
            );
    }
  });

  it('contributes at run time what drops of the real system do', () => {
    const { cases } = readGolden('unit/runtime_drops.json');
    const hello = new TextEncoder().encode('Hello world\n');
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const { PyTuple } = repro;
    const log = [
      new PyTuple(['SELECT s,i FROM t WHERE i < ?', new PyTuple([5]), [new PyTuple(["it's", 1])]]),
      new PyTuple(['SELECT * FROM t', {}, [new PyTuple(["it's", 1])]]),
    ];
    const extras: Record<string, Partial<repro.RuntimeFacts>> = {
      file_Helloworld: { reproduceData: repro.contentReproduceData(repro.commonHash('Helloworld')) },
      memory_Helloworld: { reproduceData: repro.contentReproduceData(repro.commonHash('Helloworld')) },
      file_empty: { reproduceData: repro.contentReproduceData(repro.EMPTY_DATA_HASH) },
      memory_empty: { reproduceData: repro.contentReproduceData(repro.EMPTY_DATA_HASH) },
      rdbms: { reproduceData: repro.rdbmsReproduceData(log) },
      bash_ok: {
        recomputeData: repro.bashRecomputeData("echo 'Hello world'", {
          stdout: hello,
          stderr: text(''),
          exitCode: 0,
        }),
      },
      bash_fail: {
        recomputeData: repro.bashRecomputeData('echo out; echo err >&2; exit 3', {
          stdout: text('out\n'),
          stderr: text('err\n'),
          exitCode: 3,
        }),
      },
      bash_not_run: { recomputeData: repro.bashRecomputeData("echo 'Hello world'") },
      pyfunc: { recomputeData: repro.pyFuncRecomputeData({ x: 1, y: 'two', z: null }) },
      ngas_checksum: {
        reproduceData: repro.ngasReproduceData({ checksum: '12345', fileId: null, sizeBytes: 0 }),
      },
      ngas_no_checksum: { reproduceData: repro.ngasReproduceData({ fileId: 'file-1', sizeBytes: 77 }) },
    };
    let compared = 0;
    for (const { case: name, events } of cases)
      for (const mode of Object.keys(events) as RModeName[]) {
        const want = follow(events, mode);
        if (mode === 'EXPERIMENTAL') {
          expect(() => repro.commitRuntimeData(mode, { status: 2 })).toThrow(/EXPERIMENTAL/);
          continue;
        }
        if (!Array.isArray(want)) continue; // the real system raises and fires nothing; we file the hash of nothing
        const status =
          name.includes('error') || name === 'bash_fail'
            ? 3
            : name.endsWith('cancelled') && !name.includes('then')
              ? 6
              : name.endsWith('skipped')
                ? 7
                : 2;
        let facts: repro.RuntimeFacts = { status, ...extras[name] };
        if (name === 'file_completed_twice')
          facts = {
            ...facts,
            reproduceData: want[0].data.data_hash ? { data_hash: want[0].data.data_hash } : {},
          };
        const commit = repro.commitRuntimeData(mode, facts);
        expect(oneJson(commit.data), `${name} ${mode}`).toEqual(want[0].data);
        expect(commit.merkleroot, `${name} ${mode}`).toEqual(want[0].merkleroot);
        if (mode !== 'ALL')
          expect(repro.dictionaryLeaves(commit.data), `${name} ${mode}`).toEqual(want[0].leaves);
        compared++;
      }
    expect(compared).toBeGreaterThan(100);
  });

  it('signs executions of real runs', () => {
    const file = readGolden('unit/executions.json');
    const graphs = {
      ...file,
      ...Object.fromEntries(Object.entries(file.fail).map(([mode, run]) => [`fail ${mode}`, run])),
    };
    const wiring: Any[] = readGolden('graphs/h_run.json').drops;
    let compared = 0;
    for (const [name, run] of Object.entries<Any>(graphs)) {
      const out = run['reprodata.out'];
      if (!Array.isArray(out)) continue;
      const copy = oneJson(out);
      const drops = { ...copy[0] };
      const graphRepro = copy[1];
      delete drops.reprodata;
      for (const drop of wiring) {
        const { oid, outputs, consumers, iid } = drop;
        Object.assign(drops[oid], { ...(outputs && { outputs }), ...(consumers && { consumers }), iid });
      }
      for (const drop of Object.values<Any>(drops))
        for (const mode of Object.values<Any>(drop.reprodata))
          if (typeof mode === 'object')
            for (const key of ['rg_blockhash', 'rg_parenthashes']) delete mode[key];
      for (const mode of ALL_RMODES)
        if (mode in graphRepro) graphRepro[mode] = { signature: 'to be made again' };
      // the run-time data of every drop is hashed anew from its content
      for (const drop of Object.values<Any>(drops)) {
        const parts =
          drop.reprodata.rmode === '-1' ? ALL_RMODES.map((mode) => drop.reprodata[mode]) : [drop.reprodata];
        for (const part of parts) {
          const { merkleroot, ...data } = part.rg_data;
          expect(repro.dictionaryRoot(data), `${name} ${drop.oid}`).toBe(merkleroot);
        }
      }
      repro.initRuntimeReproData(drops, graphRepro);
      expect(graphRepro, name).toEqual(out[1]);
      for (const oid of Object.keys(drops)) drops[oid] = { oid, reprodata: drops[oid].reprodata };
      expect(repro.formatReprodataOut(drops, graphRepro), name).toBe(
        repro.stringifyPythonJson(out, { indent: 4 }),
      );
      compared++;
    }
    expect(compared).toBe(12);
  });

  it('writes and reads reprodata.out byte for byte', () => {
    const text = readText(path.join(GOLDEN, 'unit', 'h_run.RERUN.reprodata.out'));
    const { drops, reprodata } = repro.parseReprodataOut(text);
    expect(drops.size).toBe(6);
    expect(repro.formatReprodataOut(drops, reprodata)).toBe(text);
  });

  it('signs the parts of a graph on two nodes as each node does', () => {
    const { graphs } = readGolden('unit/multi_node.json');
    for (const [name, item] of Object.entries<Any>(graphs)) {
      const golden = readGolden(`graphs/${name}.json`);
      const lg = parsePythonJson(readText(path.join(SHARED, item.graph))) as Any;
      repro.initLgReproData(repro.initLgtReproData(lg, '-1'));
      const byId = new Map<string, Any>(lg.nodeDataArray.map((node: Any) => [node.id, node]));
      let drops: Any[] = golden.drops.map((drop: Any) => ({
        ...drop,
        reprodata: { ...byId.get(golden.origin[drop.oid]).reprodata },
      }));
      drops = repro.initPgtUnrollReproData(oneJson([...drops, oneJson(lg).reprodata]));
      const hosts = [...new Set(Object.values<Any>(item.placement).map(([node]) => node))].sort();
      for (const drop of drops)
        if (drop.oid) [drop.node, drop.island] = [`#${hosts.indexOf(item.placement[drop.oid][0])}`, '#0'];
      drops = repro.initPgtPartitionReproData(oneJson(drops));
      for (const drop of drops) if (drop.oid) [drop.node, drop.island] = item.placement[drop.oid];
      drops = oneJson(repro.initPgReproData(drops));
      const graphRepro = drops.pop();
      for (const mode of ALL_RMODES)
        expect(graphRepro[mode].signature, `${name} ${mode}`).toBe(item.pg_signatures[mode]);
      for (const [host, want] of Object.entries<Any>(item.per_node)) {
        const local: Any = {};
        for (const drop of oneJson(drops)) {
          if (drop.node !== host) continue;
          for (const key of ['inputs', 'outputs', 'consumers', 'producers']) delete drop[key];
          local[drop.oid] = { ...drop, ...want.relations[drop.oid] };
        }
        const nodeRepro = oneJson(graphRepro);
        if (want.exception) {
          expect(() => repro.initRuntimeReproData(local, nodeRepro)).toThrow(want.detail);
          continue;
        }
        repro.initRuntimeReproData(local, nodeRepro);
        for (const mode of ALL_RMODES)
          expect(nodeRepro[mode].signature, `${name} ${host} ${mode}`).toBe(want.signatures[mode]);
      }
    }
  });

  it('compares files as the comparison tool does, CSV texts included', () => {
    // no order of keys and no number token matters here
    const { files, runs, process_file } = JSON.parse(readText(path.join(GOLDEN, 'unit/compare.json')));
    const textOf = (file: string): string =>
      typeof files[file] === 'string' ? files[file] : repro.stringifyPythonJson(files[file]);
    const plain = (summary: repro.SignatureSummary): Any => Object.fromEntries(summary);
    for (const { file, result } of process_file)
      expect(plain(repro.summariseFile(textOf(file))), file).toEqual(result);
    for (const { paths, data, comparisons, csv, write_exception, exception } of runs) {
      if (exception !== undefined) continue; // a missing path: the caller's affair
      const entries = new Map<string, repro.SignatureSummary>();
      for (const name of paths) {
        const inside = Object.keys(files).filter(
          (file) => path.dirname(file) === name && file.endsWith('.out'),
        );
        const summary =
          name in files
            ? repro.summariseFile(textOf(name))
            : repro.mergeSummaries(inside.map((f) => repro.summariseFile(textOf(f))));
        entries.set(path.basename(name), summary);
      }
      for (const [name, summary] of entries) expect(plain(summary), name).toEqual(data[name]);
      const verdicts = repro.compareSummaries(entries);
      expect(
        Object.fromEntries([...verdicts].map(([pair, verdict]) => [pair, Object.fromEntries(verdict)])),
      ).toEqual(comparisons);
      const summary = repro.summaryCsv(entries);
      expect(summary.text).toBe(csv['summary.csv']);
      expect(summary.failure === undefined).toBe(write_exception === undefined);
      if (summary.failure === undefined) expect(repro.comparisonCsv(verdicts)).toBe(csv['comparison.csv']);
    }
  });
});
