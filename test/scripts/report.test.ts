import { expect, test } from 'vitest';
import {
  countReport,
  countRing,
  crashedFiles,
  sumOf,
  totalLine,
  withoutFiles,
} from '../../scripts/lib/report.mjs';

const report = {
  numPassedTests: 5,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [
    { status: 'passed', assertionResults: [{}] },
    { status: 'failed', assertionResults: [{}] },
    { status: 'failed', assertionResults: [] },
  ],
};

test('a file that could not be loaded counts as a failure', () => {
  expect(countReport(report)).toEqual({ passed: 5, failed: 2, skipped: 3 });
});

test('a ring that ends badly without a failed test, or without a report, counts as a failure', () => {
  const green = { ...report, numFailedTests: 0, testResults: [] };
  expect(countRing(green, 0)).toEqual({ passed: 5, failed: 0, skipped: 3 });
  expect(countRing(green, 1)).toEqual({ passed: 5, failed: 1, skipped: 3 });
  expect(countRing(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('the last line adds the rings up', () => {
  const unit = { passed: 5, failed: 0, skipped: 1 };
  const e2e = { passed: 3, failed: 2, skipped: 0 };
  expect(totalLine([unit, e2e])).toBe('8 passed, 2 failed, 1 skipped');
});

test('a file whose process ended without a failed test is found, and can be taken out of the counts', () => {
  const file = (name: string, status: string, ...states: string[]) => ({
    name,
    status,
    assertionResults: states.map((each) => ({ status: each })),
  });
  const ended = {
    ...report,
    testResults: [
      file('good', 'passed', 'passed', 'skipped'),
      file('ended', 'failed', 'passed', 'pending'),
      file('bad', 'failed', 'failed', 'pending'),
    ],
  };
  expect(crashedFiles(ended)).toEqual(['ended']);
  expect(crashedFiles(undefined)).toEqual([]);
  expect(countReport(withoutFiles(ended, ['ended']))).toEqual({ passed: 1, failed: 1, skipped: 2 });
  expect(sumOf({ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 })).toEqual({
    passed: 4,
    failed: 1,
    skipped: 2,
  });
});
