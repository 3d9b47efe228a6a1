import type { KfuncSpec } from '../program.ts'
import { BtfError, malformed } from './error.ts'
import { resolve } from './layout.ts'
import type { Btf } from './reader.ts'
import type { BtfFuncProto, BtfType } from './types.ts'

/** A function's prototype in the notation of {@link KfuncSpec}. */
export interface Prototype {
  readonly name: string
  /** Such as `'nf_conn *'`, `'u32'`; `'...'` at the end of a variadic function. */
  readonly parameters: readonly string[]
  /** The parameters' names, empty where the blob has none. */
  readonly parameterNames: readonly string[]
  readonly returns: string
}

/**
 * A func's parameters and result in the notation of {@link KfuncSpec}: scalars by size and sign (`u32`, `s64`,
 * `bool`; enums as the integer they are), pointers by the name of the struct or union they point to, without
 * qualifiers. A pointer to a function, an array or an anonymous struct is `'void *'`.
 *
 * @throws {BtfError} `BTF_NO_TYPE` when `funcId` is not a func
 */
export function describePrototype(btf: Btf, funcId: number): Prototype {
  const { name, proto } = functionAt(btf, funcId)
  return {
    name,
    parameters: proto.parameters.map((_, index) => format(parameterShape(btf, proto, index))),
    parameterNames: proto.parameters.map((parameter) => parameter.name),
    returns: format(shapeOf(btf, proto.returns)),
  }
}

/**
 * Compares a kfunc as a program declares it with the kernel's own func.
 *
 * Scalars agree when their sizes do, whatever their sign; pointers when they point to a struct of the same name or
 * to a scalar of the same size; `'void *'` on either side agrees with every pointer. Qualifiers do not count, nor
 * does the name of an enum (`'enum nf_nat_manip_type'`), which is taken for 4 bytes.
 *
 * @returns the differences in words, empty when the declaration can be used
 * @throws {BtfError} `BTF_NO_TYPE` when `funcId` is not a func; `BTF_PROTOTYPE` when the spec names a type that is
 *   not in the notation
 */
export function comparePrototype(btf: Btf, funcId: number, spec: KfuncSpec): string[] {
  const { name, proto } = functionAt(btf, funcId)
  const actual = proto.parameters.map((_, index) => parameterShape(btf, proto, index))
  const differences: string[] = []
  if (name !== spec.name) differences.push(`it is called ${name}, not ${spec.name}`)
  if (actual.length !== spec.parameters.length)
    differences.push(
      `it takes ${actual.length} parameters (${actual.map(format).join(', ')}), declared with ${spec.parameters.length}`,
    )
  differences.push(...compareParameters(btf, proto, spec.parameters))
  const returns = shapeOf(btf, proto.returns)
  if (!agree(returns, parseDeclared(spec.returns)))
    differences.push(`it returns ${format(returns)}, declared as ${spec.returns}`)
  return differences
}

/**
 * Compares the first parameters of a prototype with declared ones, as {@link comparePrototype} does.
 *
 * @param skipped how many of the prototype's parameters come before the first declared one
 */
export function compareParameters(
  btf: Btf,
  proto: BtfFuncProto,
  declared: readonly string[],
  skipped = 0,
): string[] {
  return declared.flatMap((text, at) => {
    const index = at + skipped
    if (index >= proto.parameters.length) return []
    const shape = parameterShape(btf, proto, index)
    if (agree(shape, parseDeclared(text))) return []
    const parameter = proto.parameters[index]?.name
    const which = parameter ? `${at + 1} (${parameter})` : `${at + 1}`
    return [`parameter ${which} is ${format(shape)}, declared as ${text}`]
  })
}

function functionAt(btf: Btf, funcId: number): { name: string; proto: BtfFuncProto } {
  const func = btf.type(funcId)
  if (func.kind !== 'func')
    throw new BtfError('BTF_NO_TYPE', `a type of kind ${func.kind} is not a function`, { typeId: funcId })
  const proto = btf.type(func.type)
  if (proto.kind !== 'func_proto')
    throw malformed(`function "${func.name}" has no prototype`, { typeId: funcId })
  return { name: func.name, proto }
}

/** A last parameter without a type stands for the rest. */
function parameterShape(btf: Btf, proto: BtfFuncProto, index: number): Shape {
  const type = proto.parameters[index]?.type ?? 0
  return type === 0 && index === proto.parameters.length - 1 ? { base: '...', stars: 0 } : shapeOf(btf, type)
}

/** A type as far as prototypes are compared: what it is called and how many pointers lead to it. */
export interface Shape {
  readonly base: string
  readonly stars: number
}

function format({ base, stars }: Shape): string {
  return stars === 0 ? base : `${base} ${'*'.repeat(stars)}`
}

function shapeOf(btf: Btf, id: number): Shape {
  let stars = 0
  let resolved = resolve(btf, id)
  let type = btf.type(resolved)
  // A chain of pointers deeper than this is nobody's prototype, and it may be a cycle.
  while (type.kind === 'ptr' && stars < 8) {
    stars++
    resolved = resolve(btf, type.type)
    type = btf.type(resolved)
  }
  return { base: baseName(type, stars > 0), stars }
}

function baseName(type: BtfType, pointee: boolean): string {
  switch (type.kind) {
    case 'int':
    case 'enum':
    case 'enum64':
      if (type.kind === 'int' && type.bool) return 'bool'
      return `${type.signed ? 's' : 'u'}${type.size * 8}`
    case 'struct':
    case 'union':
    case 'fwd':
      // Passed by value, it is not in the notation: nothing a spec can say agrees with it.
      if (!pointee) return `struct ${type.name || '(anonymous)'}`
      return type.name || 'void'
    case 'float':
      return `float${type.size * 8}`
    default:
      return 'void'
  }
}

function agree(actual: Shape, declared: Shape): boolean {
  const anyPointer = (shape: Shape) => shape.base === 'void' && shape.stars === 1
  if (actual.stars > 0 && declared.stars > 0 && (anyPointer(actual) || anyPointer(declared))) return true
  if (actual.stars !== declared.stars) return false
  const size = scalarSize(actual.base)
  return actual.base === declared.base || (size !== undefined && size === scalarSize(declared.base))
}

/** Reads a declaration: `nf_conn *`, and as people also write it, `const struct nf_conn *`. */
export function parseDeclared(text: string): Shape {
  const match = /^(\.\.\.|[A-Za-z_]\w*(?:\s+[A-Za-z_]\w*)*)\s*((?:\*\s*)*)$/.exec(text.trim())
  if (match === null)
    throw new BtfError(
      'BTF_PROTOTYPE',
      `"${text}" is not a parameter type`,
      {},
      { hint: "Write scalars as 'u32' and pointers as 'nf_conn *'." },
    )
  const [, name = '', pointers = ''] = match
  const words = name.split(/\s+/).filter((word) => word !== '' && word !== 'const')
  const stars = pointers.replaceAll(/\s/g, '').length
  if (stars > 0 && words.length > 1 && (words[0] === 'struct' || words[0] === 'union')) words.shift()
  return { base: words.join(' '), stars }
}

/** Bytes of a scalar by its name; `be32` and C's own names are understood as well. */
export function scalarSize(name: string): number | undefined {
  if (name.startsWith('enum ')) return 4
  const sized = /^(?:(?:__)?(?:u|s|be|le)|i)(8|16|32|64)$/.exec(name) ?? /^u?int(8|16|32|64)_t$/.exec(name)
  return sized === null ? cScalars.get(name) : Number(sized[1]) / 8
}

const cScalars = new Map([
  ['bool', 1],
  ['char', 1],
  ['short', 2],
  ['int', 4],
  ['unsigned int', 4],
  ['long', 8],
  ['unsigned long', 8],
  ['size_t', 8],
])
