import type {
  BinaryOperator,
  Comparison,
  Cond,
  Expr,
  MemoryField,
  RandomProgram,
  Stmt,
  TypeName,
} from './program.ts'
import { memoryFields, typeNames, variablesPerType } from './program.ts'

/** What a program did: everything that one can see of it from outside. */
export interface Outcome {
  readonly result: bigint
  readonly calls: readonly string[]
  readonly map: Readonly<Record<MemoryField, bigint>>
}

type Memory = Record<MemoryField, bigint>
interface Typed {
  readonly t: TypeName
  readonly value: bigint
}
type Ending = 'break' | 'continue' | { readonly result: bigint } | undefined

/** Types of the struct's fields; `g` is 32 bits in network order. */
const fieldBits: Readonly<Record<MemoryField, { bits: number; signed: boolean }>> = {
  a: { bits: 8, signed: false },
  b: { bits: 16, signed: false },
  c: { bits: 32, signed: false },
  d: { bits: 64, signed: false },
  e: { bits: 8, signed: true },
  f: { bits: 16, signed: true },
  g: { bits: 32, signed: false },
  h: { bits: 64, signed: true },
}

const bitsOf = (t: TypeName): number => (t.endsWith('64') ? 64 : 32)
const isSigned = (t: TypeName): boolean => t.startsWith('s')
/** A number as a value of that type: wrapped, with the type's sign. */
export function as(t: TypeName, value: bigint): bigint {
  return isSigned(t) ? BigInt.asIntN(bitsOf(t), value) : BigInt.asUintN(bitsOf(t), value)
}
const typed = (t: TypeName, value: bigint): Typed => ({ t, value: as(t, value) })
/** The type of two operands' result: 64 bits if one has them, the first one's sign. */
const wider = (a: TypeName, b: TypeName): TypeName =>
  `${a.startsWith('s') ? 's' : 'u'}${bitsOf(a) === 64 || bitsOf(b) === 64 ? 64 : 32}` as TypeName
/** The same width with the sign of another type: operands must agree, the builder casts. */
const withSignOf = (t: TypeName, like: TypeName): TypeName =>
  `${isSigned(like) ? 's' : 'u'}${bitsOf(t)}` as TypeName

/** A field's value after storing `value` into it. */
export function stored(field: MemoryField, value: bigint): bigint {
  const { bits, signed } = fieldBits[field]
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
}

/** The type that reading a field gives. */
export function fieldType(field: MemoryField): TypeName {
  const { bits, signed } = fieldBits[field]
  return `${signed ? 's' : 'u'}${bits === 64 ? 64 : 32}` as TypeName
}

/** A literal of a random program made to fit the type it is used with. */
export function fitting(t: TypeName, value: bigint): bigint {
  return as(t, value)
}

/** A literal operand: dividing by a literal 0 is refused, so it is 1 then. */
export function divisor(op: BinaryOperator, value: bigint): bigint {
  return (op === 'div' || op === 'mod') && value === 0n ? 1n : value
}

/** What the kfunc returns: `count` is how many calls came before. */
export function callResult(args: readonly bigint[], count: number): bigint {
  let result = BigInt(count) * 0x9e37_79b9_7f4a_7c15n
  for (const arg of args) result = BigInt.asUintN(64, (result ^ arg) * 0xff51_afd7_ed55_8ccdn)
  return BigInt.asUintN(64, result ^ (result >> 29n))
}

/** Runs a random program in JavaScript: what it means, with nothing of the compiler in it. */
export class Reference {
  readonly #variables: bigint[]
  readonly #memory: Readonly<Record<'stack' | 'map', Memory>> = { stack: zeroMemory(), map: zeroMemory() }
  readonly #calls: string[] = []

  constructor(program: RandomProgram) {
    this.#variables = program.initial.map((value, i) =>
      as(typeNames[Math.floor(i / variablesPerType)] ?? 'u32', value),
    )
  }

  run(body: readonly Stmt[]): Outcome {
    const ending = this.#block(body)
    const result =
      typeof ending === 'object'
        ? ending.result
        : this.#variables.reduce((sum, v) => BigInt.asUintN(64, sum * 31n + v), 0n)
    return { result: BigInt.asUintN(64, result), calls: this.#calls, map: this.#memory.map }
  }

  #block(body: readonly Stmt[]): Ending {
    for (const stmt of body) {
      const ending = this.#stmt(stmt)
      if (ending !== undefined) return ending
    }
    return undefined
  }

  #stmt(stmt: Stmt): Ending {
    switch (stmt.k) {
      case 'set':
        this.#variables[slot(stmt.t, stmt.index)] = as(stmt.t, this.#expr(stmt.a).value)
        return undefined
      case 'swap': {
        const [i, j] = [slot(stmt.t, stmt.i), slot(stmt.t, stmt.j)]
        const [a, b] = [this.#variables[i] ?? 0n, this.#variables[j] ?? 0n]
        this.#variables[i] = b
        this.#variables[j] = a
        return undefined
      }
      case 'store':
        this.#memory[stmt.place][stmt.field] = stored(stmt.field, this.#expr(stmt.a).value)
        return undefined
      case 'atomicAdd': {
        const amount = this.#expr(stmt.a).value
        const memory = this.#memory[stmt.place]
        memory[stmt.field] = stored(stmt.field, memory[stmt.field] + amount)
        return undefined
      }
      case 'mutate': {
        const memory = this.#memory[stmt.place]
        memory.c = stored('c', memory.c + 1n)
        memory.a = stored('a', memory.a ^ 0x55n)
        this.#calls.push(`mutate ${stmt.place}`)
        return undefined
      }
      case 'if':
        return this.#block(this.#cond(stmt.cond) ? stmt.yes : stmt.no)
      case 'lookup': {
        const key = BigInt.asUintN(32, this.#expr(stmt.key).value)
        return this.#block(key % 2n === 0n ? stmt.hit : stmt.miss)
      }
      case 'switch': {
        const low = Number(BigInt.asUintN(3, this.#expr(stmt.a).value))
        return this.#block(stmt.cases.find(({ value }) => value === low)?.body ?? stmt.rest)
      }
      case 'for':
        for (let i = 0; i < stmt.count; i++) {
          const ending = this.#block(stmt.body)
          if (ending === 'break') return undefined
          if (typeof ending === 'object') return ending
        }
        return undefined
      case 'break':
      case 'continue':
        return stmt.k
      case 'return':
        return { result: this.#expr(stmt.a).value }
    }
  }

  #expr(e: Expr): Typed {
    switch (e.k) {
      case 'const':
        return typed(e.t, e.value)
      case 'var':
        return { t: e.t, value: this.#variables[slot(e.t, e.index)] ?? 0n }
      case 'binary': {
        const a = this.#expr(e.a)
        const b = this.#expr(e.b)
        return binary(e.op, a, typed(withSignOf(b.t, a.t), castTo(b, withSignOf(b.t, a.t))))
      }
      case 'binaryConst': {
        const a = this.#expr(e.a)
        const t = operandType(e.op, a.t)
        return binary(e.op, a, typed(t, divisor(e.op, fitting(t, e.value))))
      }
      case 'shift': {
        const a = this.#expr(e.a)
        const by = typeof e.by === 'number' ? BigInt(e.by % bitsOf(a.t)) : this.#expr(e.by).value
        const amount = BigInt.asUintN(64, by) & BigInt(bitsOf(a.t) - 1)
        return typed(a.t, e.op === 'shl' ? a.value << amount : a.value >> amount)
      }
      case 'cast': {
        const a = this.#expr(e.a)
        return typed(e.t, castTo(a, e.t))
      }
      case 'mask':
        return typed('u32', BigInt.asUintN(e.bits, this.#expr(e.a).value))
      case 'network': {
        const a = this.#expr(e.a)
        const t = withSignOf(a.t, 'u32')
        return typed(t, as(t, a.value) & as(t, e.mask))
      }
      case 'load':
        return { t: fieldType(e.field), value: this.#memory[e.place][e.field] }
      case 'function': {
        const [x, y] = [this.#expr(e.a).value, this.#expr(e.b).value]
        return typed('u64', mixed(BigInt.asUintN(64, x), BigInt.asUintN(32, y), this.#memory[e.place]))
      }
      case 'fetchAdd': {
        const amount = this.#expr(e.a).value
        const memory = this.#memory[e.place]
        const before = memory[e.field]
        memory[e.field] = stored(e.field, before + amount)
        return { t: fieldType(e.field), value: before }
      }
      case 'call': {
        const args = e.args.map((arg) => BigInt.asUintN(64, this.#expr(arg).value))
        const result = callResult(args, this.#calls.length)
        this.#calls.push(`call ${args.join(' ')}`)
        return typed(e.t, result)
      }
    }
  }

  /** Both operands of `and` and `or` are computed: see `Condition`. */
  #cond(c: Cond): boolean {
    switch (c.k) {
      case 'compare': {
        const a = this.#expr(c.a)
        const b = this.#expr(c.b)
        return compare(c.op, a, typed(withSignOf(b.t, a.t), castTo(b, withSignOf(b.t, a.t))))
      }
      case 'compareConst': {
        const a = this.#expr(c.a)
        return compare(c.op, a, typed(a.t, c.value))
      }
      case 'networkEq': {
        const a = this.#expr(c.a)
        const t = withSignOf(a.t, 'u32')
        return as(t, a.value) === as(t, c.value)
      }
      case 'and': {
        const [a, b] = [this.#cond(c.a), this.#cond(c.b)]
        return a && b
      }
      case 'or': {
        const [a, b] = [this.#cond(c.a), this.#cond(c.b)]
        return a || b
      }
      case 'not':
        return !this.#cond(c.a)
    }
  }
}

/** What the function `mix` of the random programs does. */
function mixed(x: bigint, y: bigint, memory: Memory): bigint {
  let total = x
  for (let i = 0n; i < 3n; i++) total = BigInt.asUintN(64, total * 31n + (y ^ i))
  memory.c = stored('c', memory.c + 1n)
  if (y % 4n === 0n) total = BigInt.asUintN(64, total + 1n)
  if (y % 4n === 2n) return total ^ BigInt.asUintN(64, memory.d)
  return BigInt.asUintN(64, total + memory.c)
}

/** Index of a variable. */
export function slot(t: TypeName, index: number): number {
  return typeNames.indexOf(t) * variablesPerType + index
}

/** Division is unsigned only: the builder casts signed operands first. */
function operandType(op: BinaryOperator, t: TypeName): TypeName {
  return op === 'div' || op === 'mod' ? withSignOf(t, 'u32') : t
}

/** A value converted to another type as the DSL's `to…` methods do: by its own sign to 64 bits, the low half to 32. */
function castTo(a: Typed, t: TypeName): bigint {
  return as(t, a.value)
}

function binary(op: BinaryOperator, left: Typed, right: Typed): Typed {
  const divides = op === 'div' || op === 'mod'
  const a = divides ? typed(withSignOf(left.t, 'u32'), left.value) : left
  const b = divides ? typed(withSignOf(right.t, 'u32'), right.value) : right
  const t = wider(a.t, b.t)
  switch (op) {
    case 'add':
      return typed(t, a.value + b.value)
    case 'sub':
      return typed(t, a.value - b.value)
    case 'mul':
      return typed(t, a.value * b.value)
    case 'div':
      return typed(t, b.value === 0n ? 0n : a.value / b.value)
    case 'mod':
      return typed(t, b.value === 0n ? a.value : a.value % b.value)
    case 'and':
      return typed(t, a.value & b.value)
    case 'or':
      return typed(t, a.value | b.value)
    case 'xor':
      return typed(t, a.value ^ b.value)
  }
}

function compare(op: Comparison, { value: a }: Typed, { value: b }: Typed): boolean {
  switch (op) {
    case 'eq':
      return a === b
    case 'ne':
      return a !== b
    case 'lt':
      return a < b
    case 'le':
      return a <= b
    case 'gt':
      return a > b
    case 'ge':
      return a >= b
    case 'has':
      return (a & b) !== 0n
  }
}

function zeroMemory(): Memory {
  return Object.fromEntries(memoryFields.map((field) => [field, 0n])) as Memory
}
