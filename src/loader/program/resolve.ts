import { BtfError } from '../../asm/btf/error.ts'
import { memberPath } from '../../asm/btf/layout.ts'
import { comparePrototype } from '../../asm/btf/prototype.ts'
import type { Btf } from '../../asm/btf/reader.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { withImm, withOffset } from '../../asm/isa/fields.ts'
import type { Instruction } from '../../asm/isa/instruction.ts'
import { accessSizeOf } from '../../asm/isa/opcodes.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import { registerOffset, registersStruct } from '../../asm/pt-regs.ts'
import { conntrackFunctionAdvice } from '../kernel/conntrack-kfuncs.ts'
import { UnsupportedFeatureError } from '../kernel/unsupported-feature-error.ts'
import {
  findKernelFunctions,
  type KernelFunction,
  type KernelTypes,
  likelyFirst,
} from '../kernel/vmlinux-btf.ts'

/** The kernel's types are not as the program expects: a function's prototype, a struct's member. */
export class KernelTypeError extends TsbpfError {
  constructor(message: string, hint: string, cause?: unknown) {
    super('KERNEL_TYPE', message, { hint, cause })
  }
}

/** A program whose names have become numbers. */
export interface ResolvedProgram {
  readonly instructions: readonly Instruction[]
  /** Modules whose BTF the kfunc calls refer to: a call's `offset` is 1 + the index in this list; 0 is vmlinux. */
  readonly modules: readonly string[]
}

/**
 * Replaces the names in a program's instructions by what they are on one kernel:
 *
 * - a map's by its file descriptor, keeping an offset into its value,
 * - a kfunc's by its BTF id, after comparing its prototype with the declaration,
 * - a struct member's by its offset, to which the instruction's own offset is added, after comparing its size,
 * - a register's of `bpf_user_pt_regs_t` by its offset on this architecture.
 *
 * @param mapFd the file descriptor of a map by name; undefined when the caller has no such map
 * @param kernel asked only if the program refers to kernel types
 * @throws {UnsupportedFeatureError} for a kfunc that the kernel does not have
 * @throws {KernelTypeError} for one with another prototype, or a member that is missing or of another size
 * @throws {TsbpfError} `PROGRAM_MAP`, `PROGRAM_KFUNC` when the specification refers to what it does not hold
 */
export function resolveSymbols(
  spec: ProgramSpec,
  mapFd: (name: string) => number | undefined,
  kernel: KernelTypes,
  architecture: string = process.arch,
): ResolvedProgram {
  const kfuncs = findKfuncs(spec, kernel)
  const modules = [...new Set([...kfuncs.values()].flatMap(({ module }) => module ?? []))]
  const fields = new Map<string, { readonly offset: number; readonly size: number }>()
  const instructions = spec.instructions.map((instruction) => {
    const { symbol } = instruction
    switch (symbol?.kind) {
      case 'map': {
        const fd = mapFd(symbol.name)
        if (fd === undefined) throw missingMap(spec, symbol.name)
        return withImm(instruction, fd)
      }
      case 'kfunc': {
        const kfunc = kfuncs.get(symbol.name)
        if (kfunc === undefined) throw undeclaredKfunc(spec, symbol.name)
        const slot = kfunc.module === undefined ? 0 : 1 + modules.indexOf(kfunc.module)
        return withOffset(withImm(instruction, kfunc.id), slot)
      }
      case 'field': {
        const key = `${symbol.struct} ${symbol.path}`
        const member = fields.get(key) ?? locate(spec, kernel, symbol, architecture)
        fields.set(key, member)
        return isMemoryAccess(instruction)
          ? withMember(instruction, member, `${symbol.struct}.${symbol.path}`)
          : withImm(instruction, member.offset)
      }
      default:
        return instruction
    }
  })
  return { instructions, modules }
}

function findKfuncs(spec: ProgramSpec, kernel: KernelTypes): Map<string, KernelFunction> {
  const used = new Set(
    spec.instructions.flatMap(({ symbol }) => (symbol?.kind === 'kfunc' ? [symbol.name] : [])),
  )
  const declared = spec.kfuncs.filter(({ name }) => used.has(name))
  if (declared.length === 0) return new Map()
  const found = findKernelFunctions(
    kernel,
    declared.map(({ name }) => name),
  )
  for (const kfunc of declared) {
    const actual = found.get(kfunc.name)
    if (actual === undefined)
      throw new UnsupportedFeatureError(`kernel function ${kfunc.name}`, kfunc.since, {
        hint: kfunc.name.includes('_ct_')
          ? conntrackFunctionAdvice()
          : 'On distribution kernels it may live in a module that is not loaded.',
      })
    const differences = comparePrototype(actual.btf, actual.id, kfunc)
    if (differences.length > 0)
      throw new KernelTypeError(
        `kernel function ${kfunc.name} is not as program "${spec.name}" declares it: ${differences.join('; ')}`,
        'The declaration was written for another kernel; write it anew from this one (tsbpf-lb types).',
      )
  }
  return found
}

/** Loads and stores, by the low 3 bits of the opcode (RFC 9669 section 3.1); arithmetic has a member's offset as a number. */
function isMemoryAccess({ opcode }: Instruction): boolean {
  return (opcode & 0x07) < 4
}

function locate(
  spec: ProgramSpec,
  kernel: KernelTypes,
  { struct, path, size }: { readonly struct: string; readonly path: string; readonly size: number },
  architecture: string,
): { readonly offset: number; readonly size: number } {
  if (struct !== registersStruct) return locateMember(kernel, struct, path, size)
  const offset = registerOffset(path, architecture)
  if (offset !== undefined) return { offset, size: 8 }
  throw new TsbpfError(
    'ARCH_UNSUPPORTED',
    `program "${spec.name}" reads ${path} of a probed function, whose register is not known for ${architecture}`,
    { hint: 'Supported: x64 and arm64.' },
  )
}

function locateMember(
  kernel: KernelTypes,
  struct: string,
  path: string,
  size: number,
): { readonly offset: number; readonly size: number } {
  let member: ReturnType<typeof memberPath>
  try {
    member = memberPath(typesWith(kernel, struct), struct, path)
  } catch (cause) {
    if (!(cause instanceof BtfError)) throw cause
    throw new KernelTypeError(
      `this kernel has no ${path} in struct ${struct}: ${cause.message}`,
      'The declaration was written for another kernel; write it anew from this one (tsbpf-lb types).',
      cause,
    )
  }
  if (member.bitSize !== undefined)
    throw new KernelTypeError(`${struct}.${path} is a bit-field`, 'Read the whole unit that holds it.')
  if (member.size !== size)
    throw new KernelTypeError(
      `${struct}.${path} has ${member.size} bytes on this kernel, ${size} expected`,
      'The declaration was written for another kernel; write it anew from this one (tsbpf-lb types).',
    )
  return member
}

/** The kernel's types, or those of the first module that defines the struct: nf_conn may be known to nf_conntrack only. */
function typesWith(kernel: KernelTypes, struct: string): Btf {
  if (kernel.vmlinux.findByName(struct, 'struct') !== undefined) return kernel.vmlinux
  for (const name of likelyFirst(kernel.moduleNames())) {
    const module = kernel.module(name)
    if (module.findByName(struct, 'struct') !== undefined) return module
  }
  return kernel.vmlinux
}

function withMember(
  instruction: Instruction,
  member: { readonly offset: number; readonly size: number },
  name: string,
): Instruction {
  const access = accessSizeOf(instruction.opcode)
  if (instruction.offset < 0 || instruction.offset + access > member.size)
    throw new TsbpfError(
      'PROGRAM_FIELD',
      `an access of ${access} bytes at ${instruction.offset} does not lie within ${name} (${member.size} bytes)`,
    )
  return withOffset(instruction, member.offset + instruction.offset)
}

function missingMap(spec: ProgramSpec, name: string): TsbpfError {
  return new TsbpfError('PROGRAM_MAP', `program "${spec.name}" uses map "${name}", which was not given`, {
    hint: `Its maps are: ${spec.maps.map((map) => map.name).join(', ') || 'none'}.`,
  })
}

function undeclaredKfunc(spec: ProgramSpec, name: string): TsbpfError {
  return new TsbpfError('PROGRAM_KFUNC', `program "${spec.name}" calls ${name} without declaring it`, {
    hint: 'Add it to the kfuncs of the program.',
  })
}
