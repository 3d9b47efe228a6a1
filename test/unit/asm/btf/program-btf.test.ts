import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { programBtf } from '../../../../src/asm/btf/program-btf.ts'
import { describePrototype } from '../../../../src/asm/btf/prototype.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import type { SourcePosition } from '../../../../src/asm/diagnostics/source-position.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { type ProgramSpec, type ProgramType, programTypes } from '../../../../src/asm/program.ts'

const at = (line: number, column = 1, file = '/home/me/lb.ts'): SourcePosition => ({ file, line, column })

function instruction(opcode: number, source?: SourcePosition): Instruction {
  const base = { opcode, dst: 0, src: 0, offset: 0, imm: 0 }
  return source === undefined ? base : { ...base, source }
}
const mov = (source?: SourcePosition) => instruction(0xb7, source)
const wide = (source?: SourcePosition) => instruction(0x18, source)

function program(
  instructions: readonly Instruction[],
  functions = [{ name: 'entry', start: 0 }],
  type: ProgramType = 'sched_cls',
): ProgramSpec {
  return { name: 'test', type, license: 'GPL', instructions, functions, maps: [], kfuncs: [] }
}

function records(bytes: Uint8Array, words: number): number[][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / words / 4 }, (_, record) =>
    Array.from({ length: words }, (_, word) => view.getUint32((record * words + word) * 4, true)),
  )
}

/** The string section's text at an offset. */
function stringAt(btf: Uint8Array, offset: number): string {
  const view = new DataView(btf.buffer)
  const start = 24 + view.getUint32(16, true) + offset
  return new TextDecoder().decode(btf.subarray(start, btf.indexOf(0, start)))
}

/** Line records as text: `slot file:line:column text`. */
function lines(spec: ProgramSpec, options: Parameters<typeof programBtf>[1] = {}): string[] {
  const { btf, lineInfo } = programBtf(spec, options)
  return records(lineInfo, 4).map(([slot = 0, file = 0, text = 0, place = 0]) =>
    `${slot} ${stringAt(btf, file)}:${place >>> 10}:${place & 0x3ff} ${stringAt(btf, text)}`.trim(),
  )
}

describe('functions', () => {
  test('the entry takes the context, subprograms are static', () => {
    const spec = program(
      [wide(), mov(), mov(), mov()],
      [
        { name: 'entry', start: 0 },
        { name: 'helper.1', start: 2 },
      ],
    )
    const result = programBtf(spec)
    const btf = Btf.parse(result.btf)
    const [entry, helper] = records(result.funcInfo, 2)
    // The wide instruction takes slots 0 and 1.
    expect([entry?.[0], helper?.[0]]).toEqual([0, 3])
    expect(btf.type(entry?.[1] ?? 0)).toMatchObject({ kind: 'func', name: 'entry', linkage: 'global' })
    expect(btf.type(helper?.[1] ?? 0)).toMatchObject({ kind: 'func', name: 'helper_1', linkage: 'static' })
    expect(describePrototype(btf, entry?.[1] ?? 0)).toMatchObject({
      parameters: ['__sk_buff *'],
      returns: 's32',
    })
    expect(describePrototype(btf, helper?.[1] ?? 0)).toMatchObject({ parameters: [] })
    expect(result.funcInfoRecordSize).toBe(8)
    expect(result.lineInfoRecordSize).toBe(16)
  })

  test.each([
    ['xdp', 'xdp_md *'],
    ['sched_act', '__sk_buff *'],
    ['cgroup_sock_addr', 'bpf_sock_addr *'],
    ['kprobe', 'pt_regs *'],
    ['tracing', 'u64 *'],
    ['syscall', 'void *'],
  ] as const)('the context of %s is %s', (type, context) => {
    const { btf, funcInfo } = programBtf(program([mov()], undefined, type))
    const id = records(funcInfo, 2)[0]?.[1] ?? 0
    expect(describePrototype(Btf.parse(btf), id).parameters).toEqual([context])
  })

  test('every program type has one', () => {
    for (const type of Object.keys(programTypes) as ProgramType[])
      expect(Btf.parse(programBtf(program([mov()], undefined, type)).btf).typeCount).toBeGreaterThan(2)
  })

  test('names are made C identifiers', () => {
    const name = (given: string) => {
      const { btf, funcInfo } = programBtf(program([mov()], [{ name: given, start: 0 }]))
      return Btf.parse(btf).type(records(funcInfo, 2)[0]?.[1] ?? 0)
    }
    expect(name('a-b c')).toMatchObject({ name: 'a_b_c' })
    expect(name('1st')).toMatchObject({ name: '_1st' })
    expect(name('')).toMatchObject({ name: '_' })
    expect(name('x'.repeat(200))).toMatchObject({ name: 'x'.repeat(127) })
  })

  test.each([
    ['no function', [], 'no function starts at instruction 0'],
    ['none at 0', [{ name: 'f', start: 1 }], 'no function starts at instruction 0'],
    [
      'two at one place',
      [
        { name: 'f', start: 0 },
        { name: 'g', start: 0 },
      ],
      'two functions',
    ],
    [
      'one beyond the end',
      [
        { name: 'f', start: 0 },
        { name: 'g', start: 2 },
      ],
      'starts at 2',
    ],
  ])('refuses %s', (_, functions, message) => {
    expect(() => programBtf(program([mov(), mov()], functions))).toThrow(
      expect.objectContaining({ code: 'PROGRAM_FUNCTIONS', message: expect.stringContaining(message) }),
    )
  })
})

describe('lines', () => {
  test('a record wherever the position changes, in slots', () => {
    const spec = program([wide(at(1)), mov(at(1)), mov(at(2)), mov(), mov(at(2, 5)), mov(at(1))])
    const text = (_: string, line: number) => (line === 1 ? '  const a = 1\r' : undefined)
    expect(lines(spec, { lineText: text })).toEqual([
      '0 lb.ts:1:1 const a = 1',
      '3 lb.ts:2:1',
      '5 lb.ts:2:5',
      '6 lb.ts:1:1 const a = 1',
    ])
  })

  test('every function begins with one, whatever its instructions say', () => {
    const functions = [
      { name: 'a', start: 0 },
      { name: 'b', start: 2 },
      { name: 'c', start: 4 },
    ]
    const spec = program([mov(), mov(at(7)), mov(at(7)), mov(), mov(), mov()], functions)
    expect(lines(spec)).toEqual(['0 lb.ts:7:1', '2 lb.ts:7:1', '4 :0:0'])
  })

  test('none if no instruction has a source', () => {
    expect(programBtf(program([mov(), mov()])).lineInfo).toHaveLength(0)
  })

  test('lines and columns too large for their fields are clamped', () => {
    expect(lines(program([mov(at(2 ** 22, 1024))]))).toEqual(['0 lb.ts:4194303:1023'])
    expect(lines(program([mov(at(2 ** 22 - 1, 1023))]))).toEqual(['0 lb.ts:4194303:1023'])
    expect(lines(program([mov(at(-1, Number.NaN))]))).toEqual(['0 lb.ts:0:0'])
  })

  test('files are called by their last part, or as the caller likes', () => {
    const spec = program([
      mov(at(1, 1, 'file:///a/b/x.ts')),
      mov(at(2, 1, 'C:\\src\\y.ts')),
      mov(at(3, 1, 'z.ts')),
    ])
    expect(lines(spec)).toEqual(['0 x.ts:1:1', '1 y.ts:2:1', '2 z.ts:3:1'])
    expect(lines(spec, { fileName: (file) => `<${file}>` })[2]).toBe('2 <z.ts>:3:1')
  })

  test('text becomes one line of bounded length', () => {
    const long = lines(program([mov(at(1))]), { lineText: () => `\ta\0b\nc${'x'.repeat(5000)}` })[0] ?? ''
    expect(long).toMatch(/^0 lb\.ts:1:1 a b cx+…$/)
    expect(long.length).toBeLessThan(300)
  })

  test('big-endian on request', () => {
    const { btf, funcInfo } = programBtf(program([mov(at(1))]), { littleEndian: false })
    expect(Btf.parse(btf).littleEndian).toBe(false)
    expect(new DataView(funcInfo.buffer).getUint32(4, false)).toBeLessThan(100)
  })

  test('for any program, offsets rise strictly and every function starts with a record', () => {
    const source = fc.option(
      fc.record({ file: fc.constantFrom('a.ts', 'b.ts'), line: fc.nat(4), column: fc.nat(2) }),
      { nil: undefined },
    )
    const code = fc.array(fc.tuple(fc.boolean(), source), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(code, fc.uniqueArray(fc.nat(29), { maxLength: 4 }), (parts, starts) => {
        const instructions = parts.map(([isWide, where]) => (isWide ? wide(where) : mov(where)))
        const valid = [...new Set([0, ...starts.filter((start) => start < instructions.length)])]
        const functions = valid.map((start) => ({ name: `f${start}`, start }))
        const result = programBtf(program(instructions, functions))
        const slots = instructions.map(
          (_, i) => i + instructions.slice(0, i).filter((x) => x.opcode === 0x18).length,
        )
        const offsets = records(result.lineInfo, 4).map(([slot]) => slot ?? -1)
        const functionSlots = records(result.funcInfo, 2).map(([slot]) => slot)
        expect(functionSlots).toEqual(valid.toSorted((a, b) => a - b).map((start) => slots[start]))
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b))
        for (const offset of offsets) expect(slots).toContain(offset)
        if (offsets.length > 0) for (const slot of functionSlots) expect(offsets).toContain(slot)
        else expect(instructions.every((x) => x.source === undefined)).toBe(true)
      }),
    )
  })
})
