import { expect, it } from 'vitest'
import { Fd, openFdCount, openFds } from '../../../../src/loader/bpf/fd.ts'
import { FakeKernel } from './fake-kernel.ts'

it('closes exactly once and refuses use afterwards', () => {
  const kernel = new FakeKernel()
  const before = openFdCount()
  const fd = new Fd(7, 'map "m"', kernel)
  expect(fd.number).toBe(7)
  expect(openFdCount()).toBe(before + 1)
  expect(openFds()).toContain('fd 7 (map "m")')
  fd.close()
  fd.close()
  expect(kernel.closed).toEqual([7])
  expect(fd.closed).toBe(true)
  expect(openFdCount()).toBe(before)
  expect(() => fd.number).toThrow(expect.objectContaining({ code: 'USE_AFTER_CLOSE' }))
  expect(() => fd.number).toThrow(/map "m"/)
})

it('closes at the end of its scope', () => {
  const kernel = new FakeKernel()
  {
    using fd = new Fd(8, 'prog', kernel)
    expect(fd.closed).toBe(false)
  }
  expect(kernel.closed).toEqual([8])
})

it.each([-1, 1.5, Number.NaN])('refuses %d', (number) => {
  expect(() => new Fd(number, 'x', new FakeKernel())).toThrow(RangeError)
})
