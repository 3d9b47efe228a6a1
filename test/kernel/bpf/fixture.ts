import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { MapSpec, MapType } from '../../../src/asm/program.ts'
import {
  BPFFS_ROOT,
  ensureBpffs,
  makePinDirectory,
  removePinDirectory,
} from '../../../src/loader/bpf/bpffs.ts'
import { openFdCount, openFds } from '../../../src/loader/bpf/fd.ts'

/** Fails each test of the calling file that leaves a file descriptor open. */
export function failOnLeakedFds(): void {
  let before = 0
  beforeEach(() => {
    before = openFdCount()
  })
  afterEach(() => {
    expect(openFdCount(), `still open: ${openFds().join(', ')}`).toBe(before)
  })
}

/** A directory under bpffs for the calling file's pins, removed with everything in it at the end. */
export function privatePinDirectory(): string {
  const path = `${BPFFS_ROOT}/tsbpf-test-${process.pid}`
  beforeAll(() => {
    ensureBpffs()
    makePinDirectory(path)
  })
  afterAll(() => {
    removePinDirectory(path)
  })
  return path
}

/** A map of the type with `u32` keys and `u64` values, unless told otherwise. */
export function mapSpec(type: MapType, overrides: Partial<MapSpec> = {}): MapSpec {
  return {
    name: `t_${type}`.slice(0, 15),
    type,
    keySize: 4,
    valueSize: 8,
    maxEntries: 8,
    flags: 0,
    ...overrides,
  }
}
