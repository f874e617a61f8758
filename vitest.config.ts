import { defineConfig } from 'vitest/config';

// The fast rings: everything that needs no window. What needs one is in vitest.e2e.config.ts.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/electron/**/*.e2e.test.ts', 'test/browser/**', 'node_modules/**'],
    globalSetup: 'test/support/temporary-folder.ts',
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
