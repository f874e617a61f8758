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

/** The last line of `npm test`. */
export function totalLine(rings) {
  const sum = (key) => rings.reduce((total, ring) => total + ring[key], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`;
}
