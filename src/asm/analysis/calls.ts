import type { Instruction } from '../isa/instruction.ts'
import { callKind } from '../isa/opcodes.ts'
import { helperName } from '../text/helper-names.ts'
import { helperShape } from './helper-shape.ts'
import type { CalleeShape, MapShape } from './input.ts'
import { type RegisterValue, scalar, unknown } from './register-value.ts'
import type { State } from './state.ts'

/** A helper or kernel function that an instruction calls; undefined for functions of the program and unknown ones. */
export function calleeName({ src, imm, symbol }: Instruction): string | undefined {
  if (symbol?.kind === 'kfunc' || symbol?.kind === 'helper') return symbol.name
  return src === callKind.helper ? helperName(imm) : undefined
}

/** How many arguments a function takes; undefined when that is not known. */
export function parameterCount(
  name: string | undefined,
  kfuncs: ReadonlyMap<string, CalleeShape>,
): number | undefined {
  if (name === undefined) return undefined
  return kfuncs.get(name)?.parameters.length ?? helperShape(name)?.registers.length
}

/**
 * What a helper or a kernel function returns.
 *
 * @param index of the call: the origin of what it returns
 */
export function resultOf(
  name: string | undefined,
  state: State,
  index: number,
  maps: ReadonlyMap<string, MapShape>,
  kfuncs: ReadonlyMap<string, CalleeShape>,
): RegisterValue {
  if (name === undefined) return unknown
  const kfunc = kfuncs.get(name)
  if (kfunc !== undefined) return declared(kfunc.returns, index)
  // In a rewritten program the helper may be the map's own function: __htab_map_lookup_elem.
  if (/map_lookup_(?:percpu_)?elem$/.test(name)) return element(state.get(1), index, maps)
  const shape = helperShape(name)
  if (shape === undefined) return unknown
  const { gives } = shape
  if (gives === 'void') return unknown
  if (gives.kind === 'object') return { ...gives, kind: 'kernelObject', type: gives.struct, id: index }
  if (gives.kind === 'memory or null') {
    const map = state.get(1)
    return map.kind === 'map' && !name.startsWith('bpf_ringbuf')
      ? { kind: 'mapValue', map: map.map, offset: 0, nullable: true, id: index }
      : {
          kind: 'memory',
          what: name.startsWith('bpf_ringbuf') ? 'record' : 'memory',
          nullable: true,
          id: index,
        }
  }
  return scalar(gives.name === 'u32' ? 32 : 64)
}

/** What a lookup gives: a value, or in a map of maps the inner map. */
function element(map: RegisterValue, index: number, maps: ReadonlyMap<string, MapShape>): RegisterValue {
  const name = map.kind === 'map' ? map.map : ''
  if (/_of_maps$/.test(maps.get(name)?.type ?? ''))
    return { kind: 'map', map: `${name}[…]`, nullable: true, id: index }
  return { kind: 'mapValue', map: name, offset: 0, nullable: true, id: index }
}

/** A result in the notation of `KfuncSpec`. Whether a pointer may be null only the kernel knows: it is taken to be. */
function declared(returns: string, index: number): RegisterValue {
  const pointer = /^(?:struct |union )?(\w+) \*$/.exec(returns)
  if (pointer !== null) return { kind: 'kernelObject', type: pointer[1] ?? '', nullable: true, id: index }
  const bits = /^(?:[us](8|16|32|64)|int|bool|enum .*)$/.exec(returns)
  // A narrow result leaves the upper half of r0 undefined.
  return scalar(bits === null || bits[1] === '64' ? 64 : 32)
}
