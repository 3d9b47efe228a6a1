import type { Value } from '../../ir/graph.ts'
import type { HelperName } from '../../text/helper-names.ts'
import type { ControlFlow } from '../control/control-flow.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Held } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import {
  isKernelRef,
  type KernelRef,
  type KernelType,
  kernelPointer,
  kernelRef,
} from '../kernel/kernel-type.ts'
import { isSocket, isSocketView, type SocketView, socketPointer, socketRef } from '../kernel/socket.ts'
import type { SocketCases } from '../kernel/socket-statements.ts'
import type { HelperParameter, HelperResult } from './table/entry.ts'

/** What to do with a kernel object, of which the program declares what it reads, and where there is none. */
export interface ObjectCases<T extends KernelType = KernelType> {
  readonly type: T
  readonly some: (object: KernelRef<T>) => void
  readonly none?: () => void
}

type ObjectResult = Extract<HelperResult, { readonly kind: 'object' }>
type SocketParameter = Extract<HelperParameter, { readonly kind: 'socket' }>

/** A socket, as a helper takes it. */
interface GivenSocket {
  readonly value: Value
  /** What must be released; undefined for what the program was given, and for null. */
  readonly held: Held | undefined
  /** As the kernel calls its struct. */
  readonly type: string
}

/** Kernel structs that begin with a `struct sock_common`. */
const socketStruct = /^sock_common$|_sock$|^sock$/

/** @throws {BuildError} for what is no socket, or none of the kind that the helper takes */
export function socketArgument(
  emitter: Emitter,
  name: HelperName,
  parameter: string,
  kind: SocketParameter,
  arg: unknown,
): GivenSocket {
  const wrong = (what: string, hint = ''): BuildError =>
    new BuildError('ARGUMENT', `bpf_${name} takes ${what}`, callerPosition(), { hint })
  if (arg === null && kind.optional) {
    if (emitter.programType === 'sk_lookup')
      return { value: emitter.constant(0n, 'ptr'), held: undefined, type: 'null' }
    throw wrong(`a socket as "${parameter}", null only in socket lookup programs`)
  }
  if (isSocket(arg)) {
    const { value, held, view } = socketPointer(arg)
    return { value, held, type: view }
  }
  if (!isKernelRef(arg)) throw wrong(`a socket as "${parameter}"`)
  const { value, held, type } = kernelPointer(arg)
  if (!socketStruct.test(type.name)) throw wrong(`a socket as "${parameter}", not a ${type.name}`)
  if (kind.typed) return { value, held, type: type.name }
  throw wrong(
    `a socket as "${parameter}" that is no kernel object, got a ${type.name}`,
    'Pass the socket that it was made from, and read the rest from the kernel object.',
  )
}

/** What a call that releases a socket takes over. @throws {BuildError} for one that the program was only given */
export function takenOver(name: HelperName, { held, type }: GivenSocket): Held {
  if (held !== undefined) return held
  throw new BuildError(
    'NOT_ACQUIRED',
    `bpf_${name} takes over a ${type}, and the program has not acquired this one`,
    callerPosition(),
  )
}

/** Runs a case with the object that a call gave, or the one for null. `of`: what its socket argument must release. */
export function giveObject(
  b: ControlFlow,
  gives: ObjectResult,
  pointer: Value,
  cases: ObjectCases | SocketCases,
  of: Held | undefined,
): void {
  const { emitter } = b
  const acquired: Held | undefined = gives.acquired
    ? { type: gives.struct, position: callerPosition() }
    : undefined
  const held = acquired ?? (gives.cast === true ? of : undefined)
  const some = (): void => {
    if (acquired !== undefined) emitter.held.add(acquired)
    if ('type' in cases) cases.some(kernelRef(emitter, cases.type, pointer, held))
    else cases.some(socketRef(emitter, gives.struct as SocketView, pointer, held) as never)
  }
  b.ifElse('ne', pointer, emitter.constant(0n, 'ptr'), some, cases.none ?? (() => {}))
}

/** @throws {BuildError} unless the cases are for what the helper gives */
export function checkCases(
  name: HelperName,
  gives: ObjectResult,
  cases: unknown,
): asserts cases is ObjectCases | SocketCases {
  const { type, some } = (cases ?? {}) as Partial<ObjectCases>
  const hint = isSocketView(gives.struct)
    ? 'Pass { some: (socket) => …, none: () => … } as the second argument.'
    : `Pass { type: kernelType('${gives.struct}', …), some: (object) => …, none: () => … } as the second argument.`
  const wrong = (what: string): BuildError =>
    new BuildError('ARGUMENT', `bpf_${name} ${what}`, callerPosition(), { hint })
  if (typeof some !== 'function') throw wrong(`gives a ${gives.struct} or null`)
  if (isSocketView(gives.struct)) {
    if (type !== undefined) throw wrong(`gives a ${gives.struct}, whose members need no declaration`)
  } else if (type?.name !== gives.struct) {
    throw wrong(`gives a ${gives.struct}${type === undefined ? '' : `, not a ${type.name}`}`)
  }
}
