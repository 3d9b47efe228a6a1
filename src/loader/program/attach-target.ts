import { type AttachSpec, type AttachTarget, attachTypes } from '../../asm/attach.ts'
import { resolve } from '../../asm/btf/layout.ts'
import { compareParameters, comparePrototype, describePrototype } from '../../asm/btf/prototype.ts'
import type { Btf } from '../../asm/btf/reader.ts'
import { nearest } from '../../asm/diagnostics/nearest.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import { AttachTargetError } from '../kernel/attach-target-error.ts'
import { UnsupportedFeatureError } from '../kernel/unsupported-feature-error.ts'
import {
  findKernelFunctions,
  type KernelFunction,
  type KernelTypes,
  likelyFirst,
} from '../kernel/vmlinux-btf.ts'
import { KernelTypeError } from './resolve.ts'

/** What the kernel wants to know when it loads a program that is meant for one place. */
export interface ResolvedAttach {
  /** `enum bpf_attach_type`. */
  readonly expectedAttachType?: number
  /** BTF id of the function, the hook or the tracepoint. */
  readonly btfId?: number
  /** The module whose BTF has that id; undefined for the kernel itself. */
  readonly module?: string
}

/**
 * Turns what a program is meant for into numbers of one kernel. Kprobes and ordinary tracepoints are not looked at:
 * the kernel asks for them when they are attached.
 *
 * @throws {AttachTargetError} for a function, hook or tracepoint that the kernel does not have
 * @throws {KernelTypeError} for a function whose prototype is not as the program declares it
 */
export function resolveAttach(spec: ProgramSpec, kernel: KernelTypes): ResolvedAttach {
  const { type, target }: AttachSpec = spec.attach ?? {}
  const expected = type === undefined ? {} : { expectedAttachType: attachTypes[type] }
  const found = target === undefined ? undefined : find(spec, target, kernel)
  if (found === undefined) return expected
  return {
    ...expected,
    btfId: found.id,
    ...(found.module !== undefined && { module: found.module }),
  }
}

function find(spec: ProgramSpec, target: AttachTarget, kernel: KernelTypes): KernelFunction | undefined {
  switch (target.kind) {
    case 'function':
    case 'lsm': {
      const name = target.kind === 'lsm' ? `${lsmPrefix}${target.name}` : target.name
      const found = findKernelFunctions(kernel, [name]).get(name)
      if (found === undefined) throw missing(target, kernel)
      checkPrototype(spec, target, name, found)
      return found
    }
    case 'raw-tracepoint': {
      if (!target.typed) return undefined
      const found = findTypedef(kernel, `${tracepointPrefix}${target.name}`)
      if (found === undefined) throw missing(target, kernel)
      checkTracepoint(spec, target, found)
      return found
    }
    case 'tracepoint':
    case 'kprobe':
      return undefined
  }
}

/** What the kernel calls the functions that stand for hooks, and the typedefs that stand for tracepoints. */
const lsmPrefix = 'bpf_lsm_'
const tracepointPrefix = 'btf_trace_'

function findTypedef(kernel: KernelTypes, name: string): KernelFunction | undefined {
  const inKernel = kernel.vmlinux.findByName(name, 'typedef')
  if (inKernel !== undefined) return { id: inKernel, btf: kernel.vmlinux, module: undefined }
  for (const module of likelyFirst(kernel.moduleNames())) {
    const btf = kernel.module(module)
    const id = btf.findByName(name, 'typedef')
    if (id !== undefined) return { id, btf, module }
  }
  return undefined
}

function checkPrototype(
  spec: ProgramSpec,
  target: AttachTarget & { readonly kind: 'function' | 'lsm' },
  name: string,
  found: KernelFunction,
): void {
  const { parameters } = target
  if (parameters === undefined) return
  const returns = target.returns ?? describePrototype(found.btf, found.id).returns
  const differences = comparePrototype(found.btf, found.id, { name, parameters, returns, since: '' })
  if (differences.length === 0) return
  throw new KernelTypeError(
    `function ${name} is not as program "${spec.name}" declares it: ${differences.join('; ')}`,
    'Declare it as this kernel has it; `tsbpf-lb types` prints the types of its parameters.',
  )
}

function checkTracepoint(
  spec: ProgramSpec,
  { name, parameters = [] }: AttachTarget & { readonly kind: 'raw-tracepoint' },
  { btf, id }: KernelFunction,
): void {
  const pointer = btf.type(resolve(btf, id))
  const proto = pointer.kind === 'ptr' ? btf.type(pointer.type) : undefined
  if (proto?.kind !== 'func_proto') return
  // Before the tracepoint's own arguments there is one of the kernel's.
  const own = proto.parameters.length - 1
  const differences =
    parameters.length > own
      ? [`it has ${own} arguments, declared with ${parameters.length}`]
      : compareParameters(btf, proto, parameters, 1)
  if (differences.length === 0) return
  throw new KernelTypeError(
    `tracepoint ${name} is not as program "${spec.name}" declares it: ${differences.join('; ')}`,
    'Declare it as this kernel has it; see TP_PROTO in include/trace/events.',
  )
}

function missing(target: AttachTarget, kernel: KernelTypes): AttachTargetError | UnsupportedFeatureError {
  const { vmlinux } = kernel
  const { name } = target
  const suggestion = (names: readonly string[]): string => {
    const near = nearest(name, names)
    return near.length === 0 ? '' : `Did you mean ${near.join(', ')}? `
  }
  if (target.kind === 'lsm') {
    const hooks = namesOf(vmlinux, 'func', lsmPrefix)
    if (hooks.length === 0)
      return new UnsupportedFeatureError('BPF security hooks', '5.7', {
        hint: 'It must be built with CONFIG_BPF_LSM=y.',
      })
    return new AttachTargetError(
      `this kernel has no security hook "${name}"`,
      `${suggestion(hooks)}The hooks are those of include/linux/lsm_hook_defs.h.`,
    )
  }
  if (target.kind === 'raw-tracepoint')
    return new AttachTargetError(
      `this kernel has no tracepoint "${name}"`,
      `${suggestion(namesOf(vmlinux, 'typedef', tracepointPrefix))}A tracepoint in a module is there while the module is loaded.`,
    )
  return new AttachTargetError(
    `function "${name}" is not in this kernel's BTF`,
    `${suggestion(namesOf(vmlinux, 'func', ''))}Static functions may have been inlined; one in a module is there while the module is loaded.`,
  )
}

/** Names of one kind that begin with a prefix, without it. */
function namesOf(btf: Btf, kind: 'func' | 'typedef', prefix: string): string[] {
  const names: string[] = []
  for (let id = btf.firstId; id <= btf.typeCount; id++) {
    if (btf.kind(id) !== kind) continue
    const type = btf.type(id)
    if ('name' in type && type.name.startsWith(prefix)) names.push(type.name.slice(prefix.length))
  }
  return names
}
