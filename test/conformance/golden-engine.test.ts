/** Physical graphs end here as they ended in the real system, or as its documentation says they should. */
import { describe, expect, it } from 'vitest';
import { differences, runGolden, type GoldenCase } from '../support/golden-engine.ts';
import { jsonFiles, missing, readShared } from '../support/shared.ts';

const FOLDER = 'golden/engine';
const why = missing(FOLDER);

describe.skipIf(why)(`physical graphs that DALiuGE ran ${why ?? ''}`, () => {
  it.each(jsonFiles(FOLDER))('%s comes out as recorded', async (file) => {
    const golden = readShared(FOLDER, file) as GoldenCase;
    expect(differences(golden, await runGolden(golden))).toEqual([]);
  });
});
