import { readFileSync } from 'node:fs'
import type { CalleeShape, MapShape } from '../../asm/analysis/input.ts'
import { describePrototype } from '../../asm/btf/prototype.ts'
import { Btf } from '../../asm/btf/reader.ts'
import { annotate } from '../../asm/isa/fields.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { disassembleX86 } from '../../asm/machine-code/x86-64.ts'
import { mapTypes, programTypes } from '../../asm/program.ts'
import type { InspectedProgram, MachineCode, MachineCodePiece } from '../../asm/report/program-report.ts'
import { slotStarts } from '../../asm/text/target-names.ts'
import { Fd } from '../bpf/fd.ts'
import { btfBytes, mapInfo } from '../bpf/info.ts'
import { objectById } from '../bpf/object-commands.ts'
import type { ProgramDetails } from '../bpf/program-details.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { findKernelFunctions, type KernelTypes, runningKernelTypes } from '../kernel/vmlinux-btf.ts'
import { contextPointersOf } from './kernel-context.ts'
import type { BpfProgram } from './program.ts'
import { translatedInstructions } from './translated.ts'

/** A program in the kernel, as it can be inspected. */
export interface LoadedProgram {
  readonly program: InspectedProgram
  readonly machineCode: MachineCode | undefined
  /** What could not be had, and why: a sentence each. */
  readonly remarks: readonly string[]
}

/**
 * Reads everything that the kernel tells of a program: instructions as the verifier rewrote them, names of functions
 * and maps, source lines, machine code.
 */
export function readLoadedProgram(program: BpfProgram, bpf: BpfSyscall = kernelBpf): LoadedProgram {
  const info = program.info()
  const details = program.details()
  const btf = info.btfId === 0 ? undefined : readBtf(bpf, info.btfId)
  const translated = translatedInstructions(program)
  const { instructions, line } = withLines(translated, details, btf)
  const type = nameOf(programTypes, info.type)
  const kernel = tryOr(() => runningKernelTypes(), undefined)
  const functions = functionsOf(details, btf, translated)
  const { machineCode, remark } = readMachineCode(details)
  return {
    program: {
      name: functions[0]?.name ?? info.name,
      type,
      origin: `loaded, id ${info.id}, tag ${info.tag}`,
      instructions,
      functions,
      maps: info.mapIds.flatMap((id) => readMap(bpf, id) ?? []),
      kfuncs: kernel === undefined ? [] : prototypes(translated, kernel),
      contextPointers: kernel === undefined ? new Map() : contextPointersOf(type, kernel),
      line,
    },
    machineCode,
    remarks: [
      ...(remark === undefined ? [] : [remark]),
      ...(btf === undefined
        ? ['The program was loaded without BTF: the kernel knows no source lines of it.']
        : []),
    ],
  }
}

function withLines(
  instructions: readonly Instruction[],
  { lines }: ProgramDetails,
  btf: Btf | undefined,
): { instructions: readonly Instruction[]; line: (file: string, line: number) => string | undefined } {
  const texts = new Map<string, string>()
  const slots = slotStarts(instructions)
  let next = 0
  const located = instructions.map((instruction, index) => {
    let record = lines[next - 1]
    while ((lines[next]?.slot ?? Number.POSITIVE_INFINITY) <= (slots[index] ?? 0)) record = lines[next++]
    if (record === undefined || record.line === 0) return instruction
    const file = btf?.string(record.file) ?? ''
    const text = btf?.string(record.text) ?? ''
    if (text !== '') texts.set(`${record.line} ${file}`, text)
    return annotate(instruction, { source: { file, line: record.line, column: record.column } })
  })
  return { instructions: located, line: (file, line) => texts.get(`${line} ${file}`) }
}

function functionsOf(
  { functions }: ProgramDetails,
  btf: Btf | undefined,
  instructions: readonly Instruction[],
): { name: string; start: number }[] {
  const indexes = new Map(slotStarts(instructions).map((slot, index) => [slot, index]))
  return functions.flatMap(({ slot, typeId }) => {
    const start = indexes.get(slot)
    const type = tryOr(() => btf?.type(typeId), undefined)
    return start === undefined || type?.kind !== 'func' ? [] : [{ name: type.name, start }]
  })
}

function readMap(bpf: BpfSyscall, id: number): MapShape | undefined {
  const number = objectById(bpf, 'map', id)
  if (number === undefined) return undefined
  using fd = new Fd(number, `map id ${id}`, bpf)
  const { name, type, keySize, valueSize } = mapInfo(bpf, { fd: fd.number, what: `map id ${id}` })
  return { name, type: nameOf(mapTypes, type), keySize, valueSize }
}

function readBtf(bpf: BpfSyscall, id: number): Btf | undefined {
  const number = objectById(bpf, 'btf', id)
  if (number === undefined) return undefined
  using fd = new Fd(number, `BTF id ${id}`, bpf)
  return Btf.parse(btfBytes(bpf, { fd: fd.number, what: `BTF id ${id}` }))
}

/** Prototypes of the kernel functions that are called by name. */
function prototypes(instructions: readonly Instruction[], kernel: KernelTypes): CalleeShape[] {
  const names = new Set(
    instructions.flatMap(({ symbol }) =>
      symbol?.kind === 'helper' && !/map_lookup/.test(symbol.name) ? [symbol.name] : [],
    ),
  )
  const found = tryOr(() => findKernelFunctions(kernel, [...names]), new Map())
  return [...found.values()].flatMap(({ id, btf }) => tryOr(() => [describePrototype(btf, id)], []))
}

/**
 * Cuts the machine code at the line records, which are all that the kernel relates to instructions.
 *
 * @param slotOf the slot that a record stands for, as the report counts them; where it lies by default
 */
export function readMachineCode(
  { machineCode, lines }: ProgramDetails,
  slotOf: (record: ProgramDetails['lines'][number]) => number = ({ slot }) => slot,
): {
  readonly machineCode: MachineCode | undefined
  /** Why there is none, or what is peculiar about it. */
  readonly remark: string | undefined
} {
  const { size, bytes, functions, lineAddresses } = machineCode
  if (size === 0)
    return {
      machineCode: undefined,
      remark: 'There is no machine code: the JIT is off (net.core.bpf_jit_enable).',
    }
  if (bytes === undefined)
    return {
      machineCode: undefined,
      remark:
        'The kernel does not show the machine code to this process: that takes CAP_SYSLOG and kernel.kptr_restrict below 2.',
    }
  const pieces: MachineCodePiece[] = []
  let base = 0
  for (const { address, size: length } of functions) {
    const cuts = lineAddresses
      .map((at, index) => {
        const record = lines[index]
        return { offset: Number(at - address), slot: record === undefined ? -1 : slotOf(record) }
      })
      .filter(({ offset }) => offset >= 0 && offset < length)
      .sort((a, b) => a.offset - b.offset || a.slot - b.slot)
    const starts = cuts[0]?.offset === 0 ? cuts : [{ offset: 0, slot: -1 }, ...cuts]
    for (const [index, { offset, slot }] of starts.entries()) {
      const end = starts[index + 1]?.offset ?? length
      if (end === offset) continue
      const start = address + BigInt(offset)
      const code = bytes.subarray(base + offset, base + end)
      pieces.push({
        slot,
        address: start.toString(16),
        bytes: Buffer.from(code).toString('hex'),
        ...(process.arch === 'x64' && { assembly: disassembleX86(code, start).map(({ text }) => text) }),
      })
    }
    base += length
  }
  return { machineCode: { size, pieces }, remark: blinding() }
}

/** Whether constants in machine code are not those of the program: 2 is for everybody, 1 for those without CAP_BPF. */
function blinding(): string | undefined {
  const level = tryOr(() => readFileSync('/proc/sys/net/core/bpf_jit_harden', 'latin1').trim(), '0')
  return level === '2'
    ? 'Constants in the machine code are blinded (net.core.bpf_jit_harden = 2): each comes in two halves that are xor-ed.'
    : undefined
}

function nameOf(names: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(names).find(([, known]) => known === number)?.[0] ?? `type ${number}`
}

/** For what an inspection is better off without than failing for. */
function tryOr<T>(get: () => T, otherwise: T): T {
  try {
    return get()
  } catch {
    return otherwise
  }
}
