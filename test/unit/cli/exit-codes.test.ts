import { expect, test } from 'vitest'
import { exitCodeFor, exitCodes } from '../../../src/cli/exit-codes.ts'
import { UnsupportedFeatureError } from '../../../src/loader/kernel/unsupported-feature-error.ts'
import {
  AlreadyExistsError,
  BusyError,
  InvalidRequestError,
  NotFoundError,
  NotYetError,
} from '../../../src/programs/load-balancer/control/errors.ts'
import { PrivilegeError } from '../../../src/programs/load-balancer/control/privileges.ts'

test('the numbers are those that are documented', () => {
  expect(exitCodes).toEqual({
    ok: 0,
    failure: 1,
    usage: 2,
    nothingThere: 3,
    verifier: 4,
    kernel: 5,
    privilege: 77,
    interrupted: 130,
  })
})

test.each([
  [new InvalidRequestError('x'), 2],
  [new NotYetError('x'), 2],
  [new NotFoundError('x'), 3],
  [new AlreadyExistsError('x'), 1],
  [new BusyError('x'), 1],
  [new PrivilegeError(['CAP_BPF']), 77],
  [new UnsupportedFeatureError('kfuncs', '5.13'), 5],
])('%s ends with its code', (error, code) => {
  expect(exitCodeFor(error.code)).toBe(code)
})

test.each([
  ['VERIFIER', 4],
  ['KERNEL_FEATURE', 5],
  ['KERNEL_TYPE', 5],
  ['NOT_LINUX', 5],
  ['ARCH_UNSUPPORTED', 5],
  ['MISSING_PRIVILEGE', 77],
  ['NETLINK', 1],
  ['SYSCTL', 1],
  ['SYSCALL', 1],
  ['BPFFS', 1],
  ['MAP_MISMATCH', 1],
  ['PIN_KIND', 1],
  ['toString', 1],
  ['whatever else', 1],
])('%s ends with %d', (code, exitCode) => {
  expect(exitCodeFor(code)).toBe(exitCode)
})
