import { defineConfig } from 'vitest/config';

// The slow ring: real windows, in Electron and in a browser. One file at a time: they share a display.
export default defineConfig({
  test: {
    include: ['test/electron/**/*.e2e.test.ts', 'test/browser/**/*.e2e.test.ts'],
    globalSetup: 'test/support/temporary-folder.ts',
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
  },
});
