import type { Value } from '../../ir/graph.ts'
import type { HostName, ScalarType } from '../../layout/scalar.ts'
import type { FieldType } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, registerType, widenTo } from '../core/values.ts'
import { checkUsable, checkWritable, type Located, type Location, type Space } from './location.ts'

/** Memory that the verifier lets atomic instructions touch (`check_atomic` in kernel/bpf/verifier.c). */
const allowed: readonly Space[] = ['map', 'frame']

/** What a type error says of atomic operations elsewhere. */
export type NotAtomic<T> =
  T extends Located<'packet' | 'context' | 'kernel' | 'constant'>
    ? { readonly error: 'atomic operations work on elements of maps and on the stack' }
    : unknown

/** What an atomic operation can add to: an integer of 32 or 64 bits in host order. */
export type AtomicName = 'u32' | 'u64' | 's32' | 's64'

/**
 * Adds to an integer in memory without a race against other CPUs.
 *
 * @returns the value it had before (if asked for it) and its type
 * @throws {BuildError} `ATOMIC` for other types and for other memory
 */
export function atomicAdd(
  at: Location,
  field: FieldType | undefined,
  amount: number | bigint | Int,
  fetch: boolean,
): { readonly value: Value; readonly type: ScalarType<HostName> } {
  checkUsable(at)
  checkWritable(at)
  if (field?.kind !== 'scalar' || field.order !== 'host' || field.size < 4)
    throw new BuildError('ATOMIC', `${at.what} is not a 32- or 64-bit host-order field`, callerPosition())
  if (!allowed.includes(at.space))
    throw new BuildError(
      'ATOMIC',
      `${at.what} is ${at.space} memory: atomic operations work on elements of maps and on the stack`,
      callerPosition(),
    )
  const { emitter } = at
  const type = field as ScalarType<HostName>
  const addend = amount instanceof Int ? widenTo(emitter, amount, type) : literal(emitter, amount, type)
  const value = emitter.emit(
    {
      kind: 'atomic',
      operator: 'add',
      fetch,
      size: type.size as 4 | 8,
      offset: at.offset,
      space: at.space,
    },
    fetch ? registerType(type) : 'none',
    [at.pointer, addend],
  )
  return { value, type }
}
