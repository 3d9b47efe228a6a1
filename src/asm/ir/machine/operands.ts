import { callKind } from '../../isa/opcodes.ts'
import { isDivision } from '../arithmetic.ts'
import type { Callee, Value } from '../graph.ts'
import type { MachineInstruction } from './code.ts'

/** Whether an i32's register is known to have a clear upper half, to the verifier as well. */
export function isZeroExtended(value: Value, seen: Set<Value>): boolean {
  if (value.op.kind === 'call' || value.op.kind === 'param' || value.op.kind === 'truncate') return false
  // Of a division, the verifier (of Linux 6.18) takes the upper half for unknown, though it is clear.
  if (value.op.kind === 'binary' && isDivision(value.op.operator)) return false
  if (value.op.kind !== 'phi' || seen.has(value)) return true
  seen.add(value)
  return value.args.every((arg) => isZeroExtended(arg, seen))
}

/** How a call instruction says what it calls. */
export function callTarget({ kind, name, number }: Callee): Partial<MachineInstruction> {
  if (kind === 'function') return { src: callKind.local, function: name }
  return {
    src: kind === 'kfunc' ? callKind.kfunc : callKind.helper,
    imm: number,
    symbol: { kind, name },
  }
}

/** A constant as the immediate of a store; undefined where it has no room there. */
export function storeImmediate(constant: bigint, size: 1 | 2 | 4 | 8): number | undefined {
  const signed = BigInt.asIntN(size === 8 ? 64 : size * 8, constant)
  return signed >= -(2n ** 31n) && signed < 2n ** 31n ? Number(signed) : undefined
}

/** What the loader must fill in of an access to a kernel struct. */
export function fieldSymbol(op: {
  readonly size: number
  readonly field?: { readonly struct: string; readonly path: string }
}): Pick<MachineInstruction, 'symbol'> {
  if (op.field === undefined) return {}
  return { symbol: { kind: 'field', struct: op.field.struct, path: op.field.path, size: op.size } }
}
