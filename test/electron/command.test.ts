import { expect, test } from 'vitest';
import { commandArguments } from '../../electron/command.ts';

test.each([
  [
    ['weir', 'run', 'a.graph', '--json'],
    ['run', 'a.graph', '--json'],
  ],
  [
    ['weir', '--no-sandbox', 'unroll-and-partition', '-'],
    ['unroll-and-partition', '-'],
  ],
  [['weir', '--version'], ['--version']],
  [['weir', '--no-sandbox', '--help'], ['--help']],
])('%j is a command', (argv, args) => {
  expect(commandArguments(argv)).toEqual(args);
});

test.each([
  [['weir']],
  [['weir', '--no-sandbox']],
  [['weir', 'a.graph']],
  [['weir', './run']],
  [['weir', '/data/a.graph']],
  [['weir', '--inspect=0', 'run']],
  [['weir', 'dlg://session/1']],
])('%j opens the window', (argv) => {
  expect(commandArguments(argv)).toBeUndefined();
});
