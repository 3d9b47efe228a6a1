// Adds up the test run's report and what the matrices printed, and prints the closing line.
// Usage: summary.js REPORT EXIT_STATUS DEMO [OUTPUT]…
import { existsSync, readFileSync } from 'node:fs'
import process from 'node:process'

const [report, status, demo, ...outputs] = process.argv.slice(2)
const results = JSON.parse(readFileSync(report, 'utf8')).testResults
const capable = process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux')

/**
 * A title's last words where the test has found out that this kernel was built or set up without what it needs, or that
 * the conformance suite, which is not part of the repository, is not there.
 */
const lacking = / \((this kernel [^()]*|the suite is not beside the repository)\)$/

let passed = demo === 'passed' ? 1 : 0
let failed = demo === 'failed' ? 1 : 0
let skipped = demo === 'skipped' ? 1 : 0
for (const file of results) {
  const kernel = file.name.includes('/test/kernel/')
  // A file that failed before its first test has no assertions to count.
  if (file.status === 'failed' && file.assertionResults.length === 0) failed++
  for (const { status: outcome, fullName } of file.assertionResults) {
    if (outcome === 'passed') passed++
    else if (outcome === 'failed') failed++
    else if (lacking.test(fullName)) {
      skipped++
      console.log(`skipped: ${fullName}`)
    } else if (kernel && capable) {
      failed++
      console.log(`skipped, although this kernel could run it: ${fullName}`)
    } else skipped++
  }
}
// A run can fail without a failed test: an error outside of tests, a leak found at the end.
if (status !== '0' && failed === 0) failed = 1
for (const output of outputs) {
  const counts = /(\d+) passed, (\d+) failed, (\d+) skipped\n$/.exec(readFileSync(output, 'utf8'))
  // One that died has no closing line.
  passed += Number(counts?.[1] ?? 0)
  failed += Number(counts?.[2] ?? 1)
  skipped += Number(counts?.[3] ?? 0)
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed === 0 ? 0 : 1)
