import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import {
  BPFFS_ROOT,
  BpffsError,
  ensureBpffs,
  isOnBpffs,
  listPins,
  makePinDirectory,
  removePinDirectory,
  unpin,
} from '../../../src/loader/bpf/bpffs.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { syscall } from '../../../src/loader/ffi.ts'
import { syscallNumber } from '../../../src/loader/syscall-numbers.ts'
import { it } from '../support/kernel-test.ts'
import { failOnLeakedFds, mapSpec, privatePinDirectory } from './fixture.ts'

const pins = privatePinDirectory()
failOnLeakedFds()

it('is mounted once', () => {
  expect(ensureBpffs()).toBe(false)
  expect(isOnBpffs(BPFFS_ROOT)).toBe(true)
  expect(isOnBpffs('/tmp')).toBe(false)
  expect(isOnBpffs('/no/such/path')).toBe(false)
})

it('can be mounted elsewhere', () => {
  const root = mkdtempSync(join(tmpdir(), 'tsbpf-bpffs-'))
  try {
    expect(ensureBpffs(root)).toBe(true)
    expect(ensureBpffs(root)).toBe(false)
    makePinDirectory(`${root}/a/b`)
    expect(isOnBpffs(`${root}/a/b`)).toBe(true)
    expect(removePinDirectory(`${root}/a`)).toBe(true)
  } finally {
    if (isOnBpffs(root))
      syscall('umount2', syscallNumber('umount2'), new TextEncoder().encode(`${root}\0`), 0)
    rmSync(root, { recursive: true })
  }
  expect(() => ensureBpffs('/no/such/path')).toThrow(BpffsError)
})

it('is never mounted over files', () => {
  const root = mkdtempSync(join(tmpdir(), 'tsbpf-full-'))
  try {
    writeFileSync(join(root, 'precious'), '')
    expect(() => ensureBpffs(root)).toThrow(/not empty/)
    expect(isOnBpffs(root)).toBe(false)
  } finally {
    if (isOnBpffs(root))
      syscall('umount2', syscallNumber('umount2'), new TextEncoder().encode(`${root}\0`), 0)
    rmSync(root, { recursive: true })
  }
})

it('holds directories and pins, and removes them', () => {
  const directory = `${pins}/outer/inner`
  makePinDirectory(directory)
  makePinDirectory(directory)
  using map = BpfMap.create(mapSpec('hash'))
  map.pin(`${directory}/map`)
  map.pin(`${pins}/outer/a`)
  expect(listPins(`${pins}/outer`)).toEqual([
    { name: 'a', path: `${pins}/outer/a`, directory: false },
    { name: 'inner', path: directory, directory: true },
  ])
  expect(unpin(`${pins}/outer/a`)).toBe(true)
  expect(unpin(`${pins}/outer/a`)).toBe(false)
  expect(removePinDirectory(`${pins}/outer`)).toBe(true)
  expect(removePinDirectory(`${pins}/outer`)).toBe(false)
  expect(listPins(`${pins}/outer`)).toEqual([])
})

it('never touches other file systems', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-not-bpffs-'))
  try {
    expect(() => removePinDirectory(directory)).toThrow(BpffsError)
    expect(() => makePinDirectory(`${directory}/a`)).toThrow(BpffsError)
    expect(() => makePinDirectory(`${pins}/with.dot`)).toThrow(BpffsError)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
