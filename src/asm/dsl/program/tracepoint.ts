import type { FieldType, StructType } from '../../layout/struct.ts'
import type { ProgramBuilder } from '../builder.ts'
import { type KernelRef, type KernelType, kernelRef } from '../kernel/kernel-type.ts'
import { type ArgumentsOf, argumentsOf, inContext, notation, type Parameters } from './arguments.ts'
import { type ContextRef, type ContextType, contextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, type ProgramOptions, program } from './program.ts'

/** A tracepoint with the layout of its record. */
export interface Tracepoint<C extends StructType | KernelType = StructType | KernelType> {
  /** The directory under /sys/kernel/tracing/events: `sched`. */
  readonly category: string
  readonly name: string
  /**
   * The record. A kernel type such as `trace_event_raw_sched_process_exec` is looked up in the kernel; a struct has the
   * offsets that its `format` file tells.
   */
  readonly record: C
}

/** The record in a program: read-only. */
export type RecordOf<C> = C extends KernelType
  ? KernelRef<C>
  : C extends StructType<infer F>
    ? ContextRef<ContextType<F, never, never, undefined>>
    : never

/**
 * A program on a tracepoint, with the record that tracing would write.
 *
 * ```ts
 * const Exec = kernelType('trace_event_raw_sched_process_exec', { pid: s32 })
 * tracepoint('execs', { category: 'sched', name: 'sched_process_exec', record: Exec }, (b, { pid }) => …)
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function tracepoint<C extends StructType | KernelType>(
  name: string,
  { category, name: event, record }: Tracepoint<C>,
  write: (b: ProgramBuilder<'tracepoint'>, record: RecordOf<C>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const kind = {
    type: 'tracepoint',
    attach: { target: { kind: 'tracepoint', category, name: event } },
  } as const
  return program(kind, name, options, (emitter, b) => {
    const context = emitter.emit({ kind: 'param', index: 0 }, 'ptr')
    const ref =
      record.kind === 'struct'
        ? contextRef(
            emitter,
            contextType(record as StructType<Record<string, FieldType>>, {}),
            context,
            'record',
          )
        : kernelRef(emitter, record, context)
    write(b, ref as RecordOf<C>)
  })
}

/** A tracepoint with its arguments, which the kernel's code passes to it before there is a record. */
export interface RawTracepoint<P extends Parameters = Parameters> {
  /** Without its category: `sched_process_exec`. */
  readonly tracepoint: string
  /** Its arguments, in order (TP_PROTO in include/trace/events). Those at the end can be left out. */
  readonly parameters: P
}

/**
 * A program on a tracepoint, with the tracepoint's own arguments: less work for the kernel than a record, and all that
 * the arguments point to. Kernel objects are read with `bpf_probe_read_kernel`; {@link tpBtf} reads them directly.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function rawTracepoint<const P extends Parameters>(
  name: string,
  { tracepoint: event, parameters }: RawTracepoint<P>,
  write: (b: ProgramBuilder<'raw_tracepoint'>, args: ArgumentsOf<P>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const target = { kind: 'raw-tracepoint', name: event, typed: false } as const
  return program({ type: 'raw_tracepoint', attach: { target } }, name, options, (emitter, b) => {
    const read = inContext(emitter, emitter.emit({ kind: 'param', index: 0 }, 'ptr'))
    write(b, argumentsOf(emitter, parameters, 'probe', read))
  })
}

/**
 * As {@link rawTracepoint}, with arguments whose types the verifier knows from the kernel's BTF: members of kernel
 * objects are plain loads.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function tpBtf<const P extends Parameters>(
  name: string,
  { tracepoint: event, parameters }: RawTracepoint<P>,
  write: (b: ProgramBuilder<'tracing'>, args: ArgumentsOf<P>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const target = {
    kind: 'raw-tracepoint',
    name: event,
    typed: true,
    parameters: Object.values(parameters).map(notation),
  } as const
  const kind = { type: 'tracing', attach: { type: 'trace_raw_tp', target } } as const
  return program(kind, name, options, (emitter, b) => {
    const read = inContext(emitter, emitter.emit({ kind: 'param', index: 0 }, 'ptr'))
    write(b, argumentsOf(emitter, parameters, 'load', read))
  })
}
