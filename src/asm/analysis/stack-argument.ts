import { helperShape } from './helper-shape.ts'
import type { CalleeShape, MapShape } from './input.ts'
import type { State } from './state.ts'

/** What lies where a stack address that is passed to a call points. */
export interface StackArgument {
  /** Such as `key of lb_frontends`. */
  readonly what: string
  /** Bytes; 0 when nobody says. */
  readonly size: number
  /** Whether the callee may change it. */
  readonly written: boolean
}

/** Bytes of a function's stack (MAX_BPF_STACK, include/linux/filter.h). */
const stackLimit = 512

/**
 * What an argument on the stack is for, and how large: keys and values of maps, memory whose size is another argument.
 *
 * @param register that passes it, 1 to 5
 */
export function stackArgument(
  callee: string | undefined,
  register: number,
  state: State,
  maps: ReadonlyMap<string, MapShape>,
  kfuncs: ReadonlyMap<string, CalleeShape>,
): StackArgument {
  if (callee === undefined) return { what: `argument ${register} of a call`, size: 0, written: true }
  const kfunc = kfuncs.get(callee)
  if (kfunc !== undefined) return kfuncArgument(kfunc, register, state)
  // The verifier puts the map's own function in the helper's place, with the same arguments: __htab_map_lookup_elem.
  const helper = helperShape(callee.replace(/^_*\w*?map_(?=\w+_elem$)/, 'bpf_map_'))
  const parameter = helper?.registers[register - 1]
  if (parameter === undefined) return { what: `argument ${register} of ${callee}`, size: 0, written: true }
  const { name, kind, written } = parameter
  if (kind === 'key' || kind === 'value') {
    const map = state.get(1)
    const shape = map.kind === 'map' ? maps.get(map.map) : undefined
    const size = (kind === 'key' ? shape?.keySize : shape?.valueSize) ?? 0
    return { what: `${kind} of ${map.kind === 'map' ? map.map : 'a map'}`, size, written }
  }
  const size =
    parameter.size ?? (parameter.sizeRegister === undefined ? 0 : known(state, parameter.sizeRegister))
  return { what: `${name} of ${callee}`, size, written }
}

/** A kernel function's memory is followed by its size, if the next parameter is a number. */
function kfuncArgument({ name, parameters }: CalleeShape, register: number, state: State): StackArgument {
  const type = parameters[register - 1] ?? `argument ${register}`
  const follows = /^(?:[us]\d+|int)$/.test(parameters[register] ?? '')
  const size = follows ? known(state, register + 1) : 0
  return { what: `${type.replace(/ \*$/, '')} for ${name}`, size, written: true }
}

/** A size that is a known number. */
function known(state: State, register: number): number {
  const value = state.get(register)
  const size = value.kind === 'scalar' ? Number(value.constant ?? 0n) : 0
  return size <= stackLimit ? size : 0
}
