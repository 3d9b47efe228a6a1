import { describe, expect, it } from 'vitest'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import { mov64 } from '../../../../src/asm/isa/alu.ts'
import { callKfunc } from '../../../../src/asm/isa/call.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { loadMap, loadMapValue } from '../../../../src/asm/isa/load-imm64.ts'
import { load } from '../../../../src/asm/isa/memory.ts'
import { r0, r1 } from '../../../../src/asm/isa/registers.ts'
import type { KfuncSpec, ProgramSpec } from '../../../../src/asm/program.ts'
import { UnsupportedFeatureError } from '../../../../src/loader/kernel/unsupported-feature-error.ts'
import type { KernelTypes } from '../../../../src/loader/kernel/vmlinux-btf.ts'
import { KernelTypeError, resolveSymbols } from '../../../../src/loader/program/resolve.ts'

/** A kernel with `u32 in_kernel(struct flow *)`, and two modules with a function each. */
function kernel(): KernelTypes {
  const writer = new BtfWriter()
  const u32 = writer.int('u32', 4)
  const flow = writer.struct('flow', 16, [
    { name: 'id', type: u32, bitOffset: 0, bitSize: 0 },
    { name: 'mark', type: u32, bitOffset: 96, bitSize: 0 },
  ])
  const pointer = writer.ptr(flow)
  const prototype = writer.funcProto(u32, [{ name: 'flow', type: pointer }])
  writer.func('in_kernel', prototype, 'global')
  const vmlinux = Btf.parse(writer.finish())
  const modules = new Map(
    ['zebra', 'nf_nat'].map((name) => {
      const own = new BtfWriter(vmlinux)
      own.func(`in_${name}`, prototype, 'global')
      if (name === 'zebra')
        own.struct('striped', 8, [{ name: 'stripes', type: u32, bitOffset: 32, bitSize: 0 }])
      return [name, Btf.parse(own.finish(), vmlinux)]
    }),
  )
  return {
    vmlinux,
    moduleNames: () => [...modules.keys()],
    module: (name) => modules.get(name) ?? expect.fail(`no module ${name}`),
  }
}

const kfunc = (name: string): KfuncSpec => ({ name, parameters: ['flow *'], returns: 'u32', since: '6.1' })

function program(instructions: readonly Instruction[], kfuncs: readonly KfuncSpec[] = []): ProgramSpec {
  return {
    name: 'p',
    type: 'sched_cls',
    license: 'GPL',
    instructions,
    functions: [{ name: 'p', start: 0 }],
    maps: [{ name: 'flows', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 }],
    kfuncs,
  }
}

const fd = (name: string) => (name === 'flows' ? 33 : undefined)

describe('maps', () => {
  it('become file descriptors, offsets into their values stay', () => {
    const { instructions } = resolveSymbols(
      program([loadMap(r1, 'flows'), loadMapValue(r1, 'flows', 12)]),
      fd,
      kernel(),
    )
    expect(instructions).toMatchObject([
      { imm: 33, imm64: 33n, src: 1 },
      { imm: 33, imm64: (12n << 32n) | 33n, src: 2 },
    ])
  })

  it('that were not given are named', () => {
    expect(() => resolveSymbols(program([loadMap(r1, 'other')]), fd, kernel())).toThrow(
      expect.objectContaining({ code: 'PROGRAM_MAP', hint: 'Its maps are: flows.' }),
    )
  })
})

describe('kernel functions', () => {
  it('become ids; those of modules get a slot each', () => {
    const types = kernel()
    const names = ['in_zebra', 'in_kernel', 'in_nf_nat', 'in_zebra']
    const spec = program(names.map(callKfunc), ['in_kernel', 'in_zebra', 'in_nf_nat'].map(kfunc))
    const { instructions, modules } = resolveSymbols(spec, fd, types)
    expect([...modules].sort()).toEqual(['nf_nat', 'zebra'])
    const slot = (module: string) => 1 + modules.indexOf(module)
    const id = types.vmlinux.typeCount
    expect(instructions).toMatchObject([
      { imm: id + 1, offset: slot('zebra') },
      { imm: id, offset: 0 },
      { imm: id + 1, offset: slot('nf_nat') },
      { imm: id + 1, offset: slot('zebra') },
    ])
  })

  it('that are missing are named with the release that brings them', () => {
    const load = () => resolveSymbols(program([callKfunc('bpf_ct_new')], [kfunc('bpf_ct_new')]), fd, kernel())
    expect(load).toThrow(UnsupportedFeatureError)
    expect(load).toThrow(
      expect.objectContaining({
        feature: 'kernel function bpf_ct_new',
        since: '6.1',
        // Which of them depends on the machine.
        hint: expect.stringMatching(/modprobe|CONFIG_NF_CONNTRACK/),
      }),
    )
  })

  it('with another prototype are refused', () => {
    const spec = program([callKfunc('in_kernel')], [{ ...kfunc('in_kernel'), parameters: ['skb *', 'u32'] }])
    expect(() => resolveSymbols(spec, fd, kernel())).toThrow(KernelTypeError)
    expect(() => resolveSymbols(spec, fd, kernel())).toThrow(
      /in_kernel is not as program "p" declares it: it takes 1/,
    )
  })

  it('that are called must be declared', () => {
    expect(() => resolveSymbols(program([callKfunc('in_kernel')]), fd, kernel())).toThrow(
      expect.objectContaining({ code: 'PROGRAM_KFUNC' }),
    )
  })

  it('that are declared and never called are not asked for', () => {
    expect(() => resolveSymbols(program([mov64(r0, 0)], [kfunc('absent')]), fd, kernel())).not.toThrow()
  })
})

describe('struct members', () => {
  const field = (struct: string, path: string, size: number, offset = 0, access: 1 | 4 | 8 = 4) =>
    annotate(load(access, r0, r1, offset), { symbol: { kind: 'field', struct, path, size } })
  const resolved = (instruction: Instruction) =>
    resolveSymbols(program([instruction]), fd, kernel()).instructions[0]

  it('become offsets, to which the own offset is added', () => {
    expect(resolved(field('flow', 'mark', 4))).toMatchObject({ offset: 12 })
    expect(resolved(field('flow', 'mark', 4, 3, 1))).toMatchObject({ offset: 15 })
  })

  it('are found in modules too', () => {
    expect(resolved(field('striped', 'stripes', 4))).toMatchObject({ offset: 4 })
  })

  it('of another size or name are refused', () => {
    expect(() => resolved(field('flow', 'mark', 8))).toThrow(
      /flow\.mark has 4 bytes on this kernel, 8 expected/,
    )
    expect(() => resolved(field('flow', 'gone', 4))).toThrow(KernelTypeError)
    expect(() => resolved(field('nothing', 'gone', 4))).toThrow(KernelTypeError)
  })

  it('are not read beyond their end', () => {
    expect(() => resolved(field('flow', 'mark', 4, 0, 8))).toThrow(
      expect.objectContaining({ code: 'PROGRAM_FIELD' }),
    )
    expect(() => resolved(field('flow', 'mark', 4, 1))).toThrow(/does not lie within flow\.mark/)
  })
})

it('leaves other instructions alone and asks for no types without need', () => {
  const refusing: KernelTypes = {
    get vmlinux(): Btf {
      throw new Error('asked')
    },
    moduleNames: () => expect.fail('asked'),
    module: () => expect.fail('asked'),
  }
  const instructions = [mov64(r0, 0), loadMap(r1, 'flows')]
  const { instructions: [first] = [] } = resolveSymbols(program(instructions), fd, refusing)
  expect(first).toBe(instructions[0])
})
