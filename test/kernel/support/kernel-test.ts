import * as vitest from 'vitest'
import { whyNoKernelTests } from './availability.ts'

/** vitest's `describe`, skipped where kernel tests cannot run; `setup.ts` says why. */
export const describe = whyNoKernelTests === undefined ? vitest.describe : vitest.describe.skip

/** vitest's `test`, skipped where kernel tests cannot run. */
export const test = whyNoKernelTests === undefined ? vitest.test : vitest.test.skip

/** vitest's `it`, skipped where kernel tests cannot run. */
export const it = test

/**
 * A test of what kernels may be built or set up without. `missing` is asked as root only, and says what this kernel
 * lacks: "has no tracefs". Then the test is skipped under a title that ends with that: any other kernel test that is
 * skipped counts as failed in CI.
 */
export function testUnless(
  missing: () => string | undefined,
  name: string,
  body: () => void | Promise<void>,
): void {
  const what = whyNoKernelTests === undefined ? missing() : undefined
  if (what === undefined) test(name, body)
  else vitest.test.skip(`${name} (this kernel ${what})`, body)
}
