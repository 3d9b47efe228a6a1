import { floating } from '../../ir/floating.ts'
import type { FrameObject, KernelField, Value } from '../../ir/graph.ts'
import type { SsaBuilder } from '../../ir/ssa-builder.ts'
import type { ScalarType } from '../../layout/scalar.ts'
import type { Emitter } from '../core/emitter.ts'
import type { Int, Net } from '../core/values.ts'
import { helpers } from '../helper/helpers.ts'
import { loadScalar } from '../memory/reference.ts'

/** The address of a member of the kernel object at `pointer`, as a number. */
export function memberAddress(emitter: Emitter, pointer: Value, field: KernelField, size: number): Value {
  const offset = floating(emitter.ssa.graph, { kind: 'offset', field, size }, 'i64')
  return emitter.emit({ kind: 'binary', operator: 'add' }, 'i64', [pointer, offset])
}

/** One place on the stack for each function, where members are read to before they are in a register. */
const slots = new WeakMap<SsaBuilder, FrameObject>()

/** Reads a scalar from any address of the kernel with `bpf_probe_read_kernel`; 0 where it cannot be read. */
export function probeScalar(emitter: Emitter, address: Value, type: ScalarType): Int | Net {
  const object = slots.get(emitter.ssa) ?? emitter.frameObject('probed', 8, 8)
  slots.set(emitter.ssa, object)
  const slot = emitter.emit({ kind: 'frame', object }, 'ptr')
  const size = emitter.constant(BigInt(type.size), 'i32')
  emitter.call(helpers.probe_read_kernel, 'i64', [slot, size, address])
  return loadScalar(emitter, slot, 'frame', type, 0)
}
