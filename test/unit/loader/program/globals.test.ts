import { describe, expect, it } from 'vitest'
import { rodata } from '../../../../src/asm/dsl/map/global.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { u32 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import { createGlobalMap } from '../../../../src/loader/bpf/global.ts'
import { readPageSize } from '../../../../src/loader/page-size.ts'
import { loadProgram } from '../../../../src/loader/program/load.ts'
import { FakeKernel, pointee } from '../bpf/fake-kernel.ts'

const config = rodata('config', struct('config', { limit: u32 }), { limit: 7 })
const other = rodata('other', struct('other', { limit: u32 }))
const program = tc('limited', (b) => b.return(b.global(config).limit))

describe('constant data', () => {
  const answering = (): FakeKernel =>
    new FakeKernel({ BPF_BTF_LOAD: () => 5, BPF_MAP_CREATE: () => 6, BPF_PROG_LOAD: () => 8 })

  it('is filled in and closed against change before the program is loaded', () => {
    const kernel = answering()
    loadProgram(program, { maps: [], bpf: kernel }).close()
    expect(kernel.commands.filter((command) => command !== 'BPF_BTF_LOAD')).toEqual([
      'BPF_MAP_CREATE',
      'BPF_MAP_UPDATE_ELEM',
      'BPF_MAP_FREEZE',
      'BPF_PROG_LOAD',
    ])
    const update = kernel.requests.find(({ command }) => command === 'BPF_MAP_UPDATE_ELEM')
    expect([...(update === undefined ? [] : pointee(update, 16))]).toEqual([7, 0, 0, 0])
    // The program keeps its data.
    expect(kernel.closed).toContain(6)
  })

  it('has the values that the caller gives', () => {
    const kernel = answering()
    loadProgram(program, { maps: [], bpf: kernel, constants: [config.with({ limit: 9 })] }).close()
    const update = kernel.requests.find(({ command }) => command === 'BPF_MAP_UPDATE_ELEM')
    expect([...(update === undefined ? [] : pointee(update, 16))]).toEqual([9, 0, 0, 0])
  })

  it('of another program is refused', () => {
    expect(() => loadProgram(program, { maps: [], bpf: answering(), constants: [other.with({})] })).toThrow(
      expect.objectContaining({
        code: 'PROGRAM_CONSTANTS',
        message: 'program "limited" has no constant data "other"',
        hint: 'Leave it out of `constants`.',
      }),
    )
  })

  it('is not given twice', () => {
    const kernel = answering()
    const map = createGlobalMap(config.spec, undefined, kernel)
    const load = () =>
      loadProgram(program, { maps: [map], bpf: kernel, constants: [config.with({ limit: 1 })] })
    expect(load).toThrow(
      'constant data "config" was given to program "limited" twice: as a map and as values',
    )
    map.close()
  })
})

describe('the page size', () => {
  const vector = (...words: bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(words).buffer)

  it('stands in the auxiliary vector', () => {
    expect(readPageSize(vector(3n, 99n, 6n, 65536n, 0n, 0n))).toBe(65536)
  })

  it('is missing in an empty one', () => {
    expect(() => readPageSize(vector(0n, 0n))).toThrow('does not say how large a page is')
  })
})
