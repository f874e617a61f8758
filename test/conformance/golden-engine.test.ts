/** Physical graphs end here as they ended in the real system, or as its documentation says they should. */
import { describe, expect, it } from 'vitest';
import { differences, runGolden, type GoldenCase } from '../support/golden-engine.ts';
import { jsonFiles, missing, readShared } from '../support/shared.ts';

const FOLDER = 'golden/engine';
const why = missing(FOLDER);

describe.skipIf(why)(`physical graphs that DALiuGE ran ${why ?? ''}`, () => {
  // Its README leaves the choice: a class that DALiuGE removed is refused there and works here.
  const offered = ['own_environment_drop.json'];

  it.for(jsonFiles(FOLDER).filter((file) => !offered.includes(file)))(
    '%s comes out as recorded',
    async (file, { skip }) => {
      const golden = readShared(FOLDER, file) as GoldenCase;
      const outcome = await runGolden(golden);
      const lacking = outcome.errors.find((line) => line.includes('needs the Python module'));
      if (lacking) return skip(`the Python here lacks a module: ${lacking}`);
      expect(differences(golden, outcome)).toEqual([]);
    },
  );

  it.each(offered)('%s uses a class that only Weir still has, and finishes', async (file) => {
    expect((await runGolden(readShared(FOLDER, file) as GoldenCase)).status).toBe('FINISHED');
  });
});
