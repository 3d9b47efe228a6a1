import { expect } from 'vitest'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { codecOf } from '../../../src/asm/layout/struct.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { MapMismatchError } from '../../../src/loader/bpf/map-spec-check.ts'
import { UnsupportedFeatureError } from '../../../src/loader/kernel/unsupported-feature-error.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { BpfProgram } from '../../../src/loader/program/program.ts'
import { describe, it } from '../support/kernel-test.ts'
import { failOnLeakedFds, privatePinDirectory } from './fixture.ts'
import { counting, hits, returning } from './sample-programs.ts'

const pins = privatePinDirectory()
failOnLeakedFds()

const counter = { key: codecOf(u32), value: codecOf(u64) }
const none = { maps: new Map() }
const packet = new Uint8Array(64).fill(0xaa)

describe('a loaded program', () => {
  it('runs on a packet and returns its verdict', () => {
    using program = loadProgram(returning('verdict', 7), none)
    const run = program.testRun(packet)
    expect(run.retval).toBe(7)
    expect(run.data).toEqual(packet)
    expect(run.ctx).toHaveLength(0)
  })

  it('returns negative verdicts as unsigned numbers', () => {
    using program = loadProgram(returning('negative', -1), none)
    expect(program.testRun(packet).retval).toBe(0xffffffff)
  })

  it('writes into its map, once a repetition', () => {
    using map = BpfMap.create(hits, counter)
    using program = loadProgram(counting('count', 3), { maps: new Map([['hits', map]]) })
    program.testRun(packet, { repeat: 10 })
    expect(map.get(0)).toBe(30n)
    expect(program.info().mapIds).toEqual([map.id])
  })

  it('describes itself', () => {
    using program = loadProgram(returning('describe.me', 0), none)
    const info = program.info()
    expect(info).toMatchObject({ type: 3, name: 'describe.me', gplCompatible: true, mapIds: [] })
    expect(info.id).toBe(program.id)
    expect(program.tag).toMatch(/^[0-9a-f]{16}$/)
    expect(info.translatedSize).toBe(16)
    expect(program.translated()).toHaveLength(16)
    expect(info.verifiedInstructions).toBe(2)
    expect(info.loadTime).toBeGreaterThan(0n)
    expect(info.btfId).toBeGreaterThan(0)
  })

  it('has equal tags for equal instructions only', () => {
    using one = loadProgram(returning('one', 1), none)
    using same = loadProgram(returning('same', 1), none)
    using other = loadProgram(returning('other', 2), none)
    expect(same.tag).toBe(one.tag)
    expect(other.tag).not.toBe(one.tag)
  })

  it('can be opened again by its pin and by its id', () => {
    using program = loadProgram(returning('pinned', 5), none)
    program.pin(`${pins}/program`)
    using again = BpfProgram.openPinned(`${pins}/program`)
    expect(again.name).toBe('pinned')
    expect(again.id).toBe(program.id)
    using byId = BpfProgram.openId(program.id)
    expect(byId?.testRun(packet).retval).toBe(5)
    expect(() => BpfMap.openPinned(`${pins}/program`, hits)).toThrow(
      expect.objectContaining({
        code: 'PIN_KIND',
        message: expect.stringMatching(/pin of a program, not of a map/),
      }),
    )
  })

  it('comes with the log it was asked for', () => {
    using program = loadProgram(returning('logged', 0), { ...none, logLevel: 2 })
    expect(program.log).toMatch(/processed 2 insns/)
  })

  it('refuses too short a packet', () => {
    using program = loadProgram(returning('short', 0), none)
    expect(() => program.testRun(new Uint8Array(4))).toThrow(
      expect.objectContaining({ errnoName: 'EINVAL', hint: expect.stringMatching(/Ethernet header/) }),
    )
  })
})

describe('before the kernel is asked', () => {
  it('a map that is not given is named', () => {
    expect(() => loadProgram(counting('mapless'), none)).toThrow(
      expect.objectContaining({ code: 'PROGRAM_MAP', message: expect.stringMatching(/"hits"/) }),
    )
  })

  it('a map of another shape is refused', () => {
    using wrong = BpfMap.create({ ...hits, valueSize: 4 })
    expect(() => loadProgram(counting('wrong'), { maps: new Map([['hits', wrong]]) })).toThrow(
      MapMismatchError,
    )
  })

  it('a kernel function that does not exist is named with its release', () => {
    const spec = returning('future', 0)
    const call = { opcode: 0x85, dst: 0, src: 2, offset: 0, imm: 0 }
    const instructions = [
      { ...call, symbol: { kind: 'kfunc', name: 'bpf_from_the_future' } as const },
      ...spec.instructions,
    ]
    const kfunc = { name: 'bpf_from_the_future', parameters: [], returns: 'void', since: '99.1' }
    const load = () => loadProgram({ ...spec, instructions, kfuncs: [kfunc] }, none)
    expect(load).toThrow(UnsupportedFeatureError)
    expect(load).toThrow(/bpf_from_the_future; Linux 99\.1/)
  })
})
