// Adds up what vitest's JSON reporter says.

/** Counts of one report. A file that could not be loaded has no tests of its own and counts as one failure. */
export function countReport(report) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Counts of a ring: its report and its exit status. A ring that failed for no counted reason counts as one failure. */
export function countRing(report, exitCode) {
  const counts = report === undefined ? { passed: 0, failed: 0, skipped: 0 } : countReport(report);
  if (counts.failed === 0 && exitCode !== 0) return { ...counts, failed: 1 };
  return counts;
}

/**
 * Files whose process ended in the middle of their tests although no test failed: V8 now and then ends a process with
 * worker threads in it ("Check failed: jit_page.has_value()" when a thread gives its code back). Such a file gets one
 * more chance; a crash of our own would come again.
 */
export function crashedFiles(report) {
  if (report === undefined) return [];
  return report.testResults
    .filter(({ status, assertionResults }) => {
      const states = assertionResults.map((each) => each.status);
      return status === 'failed' && states.includes('pending') && !states.includes('failed');
    })
    .map((file) => file.name);
}

/** A report without some of its files. */
export function withoutFiles(report, names) {
  const testResults = report.testResults.filter((file) => !names.includes(file.name));
  const count = (...states) =>
    testResults.flatMap((file) => file.assertionResults).filter((each) => states.includes(each.status))
      .length;
  return {
    ...report,
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('skipped', 'pending'),
    numTodoTests: count('todo'),
    testResults,
  };
}

/** Two counts as one. */
export function sumOf(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last line of `npm test`. */
export function totalLine(rings) {
  const sum = (key) => rings.reduce((total, ring) => total + ring[key], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`;
}
