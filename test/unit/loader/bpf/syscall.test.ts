import { describe, expect, it } from 'vitest'
import { BpfError, bpfError, MissingPrivilegeError } from '../../../../src/loader/bpf/error.ts'
import { BpfRequest, checkObjectName, cString } from '../../../../src/loader/bpf/request.ts'
import { callBpf, tryBpf } from '../../../../src/loader/bpf/syscall.ts'
import { FakeKernel } from './fake-kernel.ts'

const EPERM = 1
const EINTR = 4
const EAGAIN = 11

describe('a call that was broken off', () => {
  it.each([EAGAIN, EINTR])('by errno %d is made again', (errno) => {
    let calls = 0
    const kernel = new FakeKernel({ BPF_PROG_LOAD: () => (++calls < 4 ? -errno : 12) })
    expect(tryBpf(kernel, new BpfRequest('BPF_PROG_LOAD', 8))).toBe(12)
    expect(calls).toBe(4)
  })

  it('is given up in the end', () => {
    const kernel = new FakeKernel({ BPF_PROG_LOAD: () => -EAGAIN })
    expect(() => callBpf(kernel, new BpfRequest('BPF_PROG_LOAD', 8), 'load')).toThrow(
      expect.objectContaining({ errnoName: 'EAGAIN' }),
    )
    expect(kernel.requests).toHaveLength(10)
  })

  it('is not made again when it may have had an effect', () => {
    const kernel = new FakeKernel({ BPF_MAP_LOOKUP_AND_DELETE_ELEM: () => -EINTR })
    expect(tryBpf(kernel, new BpfRequest('BPF_MAP_LOOKUP_AND_DELETE_ELEM', 8))).toBe(-EINTR)
    expect(kernel.requests).toHaveLength(1)
  })
})

describe('errors', () => {
  const bit = (...bits: number[]) => bits.reduce((mask, n) => mask | (1n << BigInt(n)), 0n)

  it('say what was attempted, the call and the errno', () => {
    const kernel = new FakeKernel({ BPF_MAP_CREATE: () => -12 })
    const call = () =>
      callBpf(kernel, new BpfRequest('BPF_MAP_CREATE', 8), 'create map "m"', (errno) => `about ${errno}`)
    expect(call).toThrow(BpfError)
    expect(call).toThrow('create map "m": ENOMEM from bpf(BPF_MAP_CREATE)')
    expect(call).toThrow(expect.objectContaining({ code: 'BPF_SYSCALL', errno: 12, hint: 'about ENOMEM' }))
  })

  it('name the errno that leaks out of the kernel', () => {
    expect(bpfError('BPF_PROG_LOAD', 524, 'load').errnoName).toBe('ENOTSUPP')
  })

  it('name the missing capabilities on EPERM', () => {
    const error = bpfError('BPF_PROG_LOAD', EPERM, 'load', '', bit(12))
    expect(error).toBeInstanceOf(MissingPrivilegeError)
    expect(error).toMatchObject({ code: 'MISSING_PRIVILEGE', missing: ['CAP_BPF', 'CAP_PERFMON'] })
    expect(error.hint).toMatch(/CAP_BPF and CAP_PERFMON/)
    expect(bpfError('BPF_BTF_GET_FD_BY_ID', EPERM, 'x', '', bit(12, 38, 39))).toMatchObject({
      missing: ['CAP_SYS_ADMIN'],
    })
    expect(bpfError('BPF_MAP_CREATE', EPERM, 'x', '', 0n)).toMatchObject({ missing: ['CAP_BPF'] })
    expect(bpfError('BPF_PROG_QUERY', EPERM, 'x', '', 0n)).toMatchObject({ missing: ['CAP_NET_ADMIN'] })
  })

  it('do not blame capabilities that are there', () => {
    const error = bpfError('BPF_MAP_UPDATE_ELEM', EPERM, 'update', '', bit(39))
    expect(error).not.toBeInstanceOf(MissingPrivilegeError)
    expect(error.hint).toMatch(/capabilities are there/)
    expect(bpfError('BPF_PROG_LOAD', EPERM, 'load', '', bit(21))).not.toBeInstanceOf(MissingPrivilegeError)
    expect(bpfError('BPF_OBJ_PIN', EPERM, 'pin', 'not on bpffs', bit(39)).hint).toBe('not on bpffs')
  })
})

describe('requests', () => {
  it('refuse numbers that do not fit', () => {
    const request = new BpfRequest('BPF_MAP_CREATE', 16)
    for (const value of [-1, 2 ** 32, 0.5]) expect(() => request.u32(0, value)).toThrow(RangeError)
    for (const value of [-1n, 1n << 64n]) expect(() => request.u64(0, value)).toThrow(RangeError)
  })

  it('take no pointer to nothing', () => {
    const request = new BpfRequest('BPF_MAP_CREATE', 16).pointer(0, undefined).pointer(8, new Uint8Array(0))
    expect(request.pointers).toEqual([])
  })

  it.each(['a', 'exactly_15.char', 'A.9_'])('accept the name %s', (name) => {
    expect(() => checkObjectName(name)).not.toThrow()
  })

  it.each(['', 'sixteen_letters_', 'with-dash', 'ümlaut', 'a b', 'a\n'])('refuse the name %j', (name) => {
    expect(() => checkObjectName(name)).toThrow(expect.objectContaining({ code: 'BPF_NAME' }))
  })

  it('end strings with a zero and take none inside', () => {
    expect(cString('/ü')).toEqual(Uint8Array.of(0x2f, 0xc3, 0xbc, 0))
    expect(() => cString('a\0b')).toThrow(RangeError)
  })
})
