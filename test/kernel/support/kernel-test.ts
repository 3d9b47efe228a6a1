import * as vitest from 'vitest'
import { whyNoKernelTests } from './availability.ts'

/** vitest's `describe`, skipped where kernel tests cannot run; `setup.ts` says why. */
export const describe = whyNoKernelTests === undefined ? vitest.describe : vitest.describe.skip

/** vitest's `test`, skipped where kernel tests cannot run. */
export const test = whyNoKernelTests === undefined ? vitest.test : vitest.test.skip

/** vitest's `it`, skipped where kernel tests cannot run. */
export const it = test
