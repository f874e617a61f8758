import { defineConfig } from 'vitest/config';

// The fast rings: everything that needs no window. What needs one is in vitest.e2e.config.ts.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/electron/**/*.e2e.test.ts', 'test/browser/**', 'node_modules/**'],
    globalSetup: 'test/support/temporary-folder.ts',
    pool: 'forks',
    // Node strips types by WebAssembly in every thread that is started, and V8 now and then ends the process as it compiles
    // that for speed (a race in FreeDeadCode): so it does not. Builds have no types and no such thing.
    execArgv: ['--wasm-wrapper-tiering-budget=1000000000'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
