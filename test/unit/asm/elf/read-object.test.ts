import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TsbpfError } from '../../../../src/asm/diagnostics/error.ts'
import { programObject } from '../../../../src/asm/elf/program-object.ts'
import { objectProgramSpec, readObject } from '../../../../src/asm/elf/read/object.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { asmListing } from '../../../../src/asm/text/listing.ts'
import { ingress } from '../../../../src/programs/load-balancer/datapath/ingress.ts'

/** What clang 14 makes of fixtures/counter.c; the command is in there. */
const clangs = new Uint8Array(readFileSync(new URL('./fixtures/counter.o', import.meta.url)))

function bits(instructions: readonly Instruction[]) {
  return instructions.map(({ opcode, dst, src, offset, imm, imm64, symbol }) => ({
    opcode,
    dst,
    src,
    offset,
    imm,
    imm64,
    // A helper's name is for listings; objects do not have it.
    symbol: symbol?.kind === 'helper' ? undefined : symbol,
  }))
}

describe('objects that this package writes', () => {
  const written = ingress()
  const object = readObject(programObject([written], { lineText: (_, line) => `line ${line}` }))
  const [program] = object.programs

  test('the program comes back as it went in', () => {
    const spec = program && objectProgramSpec(object, program)
    expect(spec).toMatchObject({
      name: written.name,
      type: written.type,
      license: written.license,
      functions: written.functions,
    })
    expect(bits(spec?.instructions ?? [])).toEqual(bits(written.instructions))
    const plain = ({ name, type, keySize, valueSize, maxEntries, flags }: ProgramSpec['maps'][number]) => ({
      name,
      type,
      keySize,
      valueSize,
      maxEntries,
      flags,
    })
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
    expect(spec?.maps.map(plain).sort(byName)).toEqual(written.maps.map(plain).sort(byName))
    expect(spec?.kfuncs.map(({ name, returns }) => ({ name, returns })).sort(byName)).toEqual(
      written.kfuncs.map(({ name, returns }) => ({ name, returns })).sort(byName),
    )
  })

  test('every source position and the text of its line come back', () => {
    const positions = (list: readonly Instruction[]) => {
      let last = ''
      return list.map(({ source }) => {
        last =
          source === undefined ? last : `${source.file.split('/').at(-1)}:${source.line}:${source.column}`
        return last
      })
    }
    expect(positions(program?.instructions ?? [])).toEqual(positions(written.instructions))
    const source = program?.instructions[0]?.source
    expect(source && object.line(source.file, source.line)).toBe(`line ${source?.line}`)
  })
})

describe('objects that clang writes', () => {
  const object = readObject(clangs)

  test('programs, with the functions that they call behind them', () => {
    expect(object.license).toBe('GPL')
    expect(
      object.programs.map(({ name, section, type, functions, kfuncs }) => ({
        name,
        section,
        type,
        functions: functions.map((it) => it.name),
        kfuncs,
      })),
    ).toEqual([
      { name: 'counter', section: 'xdp', type: 'xdp', functions: ['counter', 'add', 'weigh'], kfuncs: [] },
      {
        name: 'watch',
        section: 'tp_btf/sched_switch',
        type: 'tracing',
        functions: ['watch', 'weigh'],
        kfuncs: ['bpf_task_release'],
      },
    ])
  })

  test('maps, global data among them', () => {
    expect(object.maps).toEqual([
      { name: 'counts', type: 'hash', keySize: 8, valueSize: 8, maxEntries: 100, flags: 0 },
      expect.objectContaining({ name: '.data', type: 'array', valueSize: 4, maxEntries: 1 }),
      expect.objectContaining({ name: '.rodata', contents: expect.anything() }),
    ])
    expect([...(object.maps[2]?.contents ?? [])]).toEqual([7, 0, 0, 0])
  })

  test('relocations are names: a map, a variable, a kernel function, a member, a function’s place', () => {
    const [counter, watch] = object.programs.map(({ instructions, functions }) =>
      asmListing(instructions, { functions, sourceLine: object.line }),
    )
    expect(counter).toContain('r1 = map[counts] ll\n')
    expect(counter).toContain('r1 = map[.rodata][0]+0 ll  ; &start\n')
    expect(counter).toContain('r2 = add ll\n')
    expect(counter).toContain('; counter.c:55  return weigh(*v, &total) ? 2 : 1;\n')
    expect(watch).toBe(`watch:
; counter.c:58  SEC("tp_btf/sched_switch") int watch(unsigned long long *ctx) {
   0: r3 = 16  ; offset of task_struct::in.x[1]
; counter.c:59  struct task_struct *task = (void *)ctx[1];
   1: r6 = *(u64 *)(r1 + 8)
   2: r2 = r6
   3: r2 += r3
; counter.c:60  int result = weigh(task->pid, &task->in.x[1]);
   4: r1 = *(u32 *)(r6 + 0)  ; task_struct::pid
   5: call weigh
   6: w7 = w0
; counter.c:61  bpf_task_release(task);
   7: r1 = r6
   8: call bpf_task_release
; counter.c:62  return result;
   9: w0 = w7
  10: exit
weigh:
; counter.c:35  static __attribute__((noinline)) int weigh(int a, long *c) { return a * *c + scale; }
  11: r0 = *(u64 *)(r2 + 0)
  12: w0 *= w1
  13: r1 = map[.data][0]+0 ll  ; &scale
  15: r1 = *(u32 *)(r1 + 0)
  16: w0 += w1
  17: exit
`)
  })
})

describe('files that are no objects', () => {
  test.each([
    [new Uint8Array([1, 2, 3]), 'this is no ELF file: it does not begin with 7f 45 4c 46'],
    [clangs.slice(0, 40), '40 bytes are too few: the header alone has 64'],
    [clangs.with(4, 1), 'this is no 64-bit ELF file, as BPF objects are'],
    [clangs.with(5, 9), 'byte order 9 is neither little-endian (1) nor big-endian (2)'],
    [clangs.with(18, 62), 'this is an ELF file for machine 62, not for BPF (247)'],
  ])('%#', (bytes, message) => {
    expect(() => readObject(bytes)).toThrow(expect.objectContaining({ code: 'ELF_MALFORMED', message }))
  })

  test('a file that is cut short is said to be so', () => {
    const headers = Number(new DataView(clangs.buffer).getBigUint64(40, true))
    expect(() => readObject(clangs.slice(0, headers + 64))).toThrow(/^the section headers would end at byte/)
  })
})

/** Damaged files are read, or refused with an error of this package; nothing else happens, and soon. */
test.each([
  ['clang', clangs],
  ['tsbpf-lb', programObject([ingress()])],
] as const)(
  'no damage to an object of %s does worse than an error that says what is wrong',
  (_, original) => {
    const damage = fc.array(
      fc.tuple(
        fc.nat(original.byteLength - 1),
        fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
        fc.integer({ min: 1, max: 8 }),
      ),
      { minLength: 1, maxLength: 6 },
    )
    fc.assert(
      fc.property(damage, fc.option(fc.nat(original.byteLength)), (changes, length) => {
        const bytes = original.slice()
        for (const [at, value, count] of changes) bytes.fill(value, at, at + count)
        try {
          const object = readObject(length === null ? bytes : bytes.subarray(0, length))
          for (const program of object.programs) objectProgramSpec(object, program)
        } catch (error) {
          expect(error).toBeInstanceOf(TsbpfError)
        }
      }),
      { numRuns: 300 },
    )
  },
)
