import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import type { LocalVariable } from '../../../../../src/asm/dsl/control/control-flow.ts'
import { pointerTo, subprogram } from '../../../../../src/asm/dsl/control/subprogram.ts'
import type { Condition } from '../../../../../src/asm/dsl/core/condition.ts'
import type { Int, Net } from '../../../../../src/asm/dsl/core/values.ts'
import { kfunc, memory } from '../../../../../src/asm/dsl/kernel/kfunc.ts'
import { array, hash } from '../../../../../src/asm/dsl/map/definition.ts'
import type { RefOf } from '../../../../../src/asm/dsl/memory/reference.ts'
import { type ProgramOptions, tc } from '../../../../../src/asm/dsl/program/program.ts'
import {
  be32,
  type HostName,
  type ScalarType,
  s8,
  s16,
  s32,
  s64,
  u8,
  u16,
  u32,
  u64,
} from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../../../src/asm/program.ts'
import type { VmFunctions } from '../../../../../src/asm/vm/call.ts'
import { VmMaps } from '../../../../../src/asm/vm/map/maps.ts'
import { runTc } from '../../../../../src/asm/vm/run-tc.ts'
import type { Cond, Expr, MemoryField, Place, RandomProgram, Stmt, TypeName } from './program.ts'
import { typeNames, variablesPerType } from './program.ts'
import { callResult, divisor, fieldType, fitting, type Outcome, slot } from './reference.ts'

/** Fields of all widths, with holes between them. */
export const Fields = struct('fields', { a: u8, b: u16, c: u32, d: u64, e: s8, f: s16, g: be32, h: s64 })
const store = array('store', Fields, { maxEntries: 1 })
const evens = hash('evens', struct('even_key', { key: u32 }), struct('even_value', { x: u32 }), {
  maxEntries: 4,
})

const scalars: Readonly<Record<TypeName, ScalarType<HostName>>> = { u32, u64, s32, s64 }
const calls = { u32, s32, u64 } as const
const mutate = kfunc('mutate', [memory(Fields)], 'void', '6.1')

/** A function with a loop, a switch, memory of its caller and several ends; `mixed` is the same in JavaScript. */
const mix = [false, true].map((global) =>
  subprogram(
    'mix',
    { x: u64, y: u32, fields: pointerTo(Fields) },
    u64,
    (b, { x, y, fields }) => {
      const total = b.variable(u64, x)
      b.for(3, (i) => total.set(total.get().mul(31).add(y.xor(i).toU64())))
      b.assign(fields, { c: fields.c.add(1) })
      b.switch(y.and(3), {
        0: () => total.set(total.get().add(1)),
        2: () => b.return(total.get().xor(fields.d)),
      })
      b.return(total.get().add(fields.c.toU64()))
    },
    { global },
  ),
)

/** Any host integer: the random programs are typed by their generator, not by TypeScript. */
type Any = Int<'u64'>

/** Compiles a random program. */
export function build(program: RandomProgram, options: ProgramOptions = {}): ProgramSpec {
  return tc('random', (b) => new Build(b, program).run(), options)
}

/** Runs a compiled random program in the interpreter. */
export function run(spec: ProgramSpec): Outcome {
  const maps = new VmMaps(spec.maps)
  const log: string[] = []
  const kfuncs: VmFunctions = {
    mutate: (call) => {
      const bytes = call.writable(0, Fields.size)
      const place = bytes.buffer === lookup(maps).buffer ? 'map' : 'stack'
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      view.setUint32(Fields.fields.c.offset, view.getUint32(Fields.fields.c.offset, true) + 1, true)
      view.setUint8(0, view.getUint8(0) ^ 0x55)
      log.push(`mutate ${place}`)
      return undefined
    },
  }
  const functions: Record<string, VmFunctions[string]> = { ...kfuncs }
  for (const type of ['u32', 's32', 'u64'])
    for (let count = 0; count <= 5; count++)
      functions[`call_${type}_${count}`] = (call) => {
        const args = Array.from({ length: count }, (_, i) => call.u64(i))
        const result = callResult(args, log.length)
        log.push(`call ${args.join(' ')}`)
        return result
      }
  const helpers: VmFunctions = {
    // Even keys are there; what is found is a value nobody reads.
    1: (call) => {
      const map = call.object(0, Object)
      if (map === maps.of(store).map)
        return call.machine.memory.addressOf(lookup(maps), 'an element of store')
      const key = call.bytes(1, 4)
      return (key[0] ?? 0) % 2 === 0 ? call.machine.memory.addressOf(evenValue, 'an element of evens') : 0
    },
  }
  const result = runTc(spec, new Uint8Array(64), {
    maps,
    kfuncs: functions,
    helpers: { bpf_map_lookup_elem: helpers[1] ?? (() => 0) },
  })
  const element = maps.of(store).get({ index: 0 })
  if (element === undefined) throw new Error('an array map has its elements')
  const map = Object.fromEntries(Object.entries(element).map(([k, v]) => [k, BigInt(v)]))
  return { result: result.r0, calls: log, map: map as Outcome['map'] }
}

const evenValue = new Uint8Array(4)
function lookup(maps: VmMaps): Uint8Array {
  const found = maps.of(store).map.lookup(new Uint8Array(4), 0)
  if (!(found instanceof Uint8Array)) throw new Error('an array map has its elements')
  return found
}

class Build {
  readonly #b: ProgramBuilder
  readonly #program: RandomProgram
  readonly #variables: LocalVariable<HostName>[]
  readonly #memory: Readonly<Record<Place, RefOf<typeof Fields>>>

  constructor(b: ProgramBuilder, program: RandomProgram) {
    this.#b = b
    this.#program = program
    this.#memory = { stack: b.stack(Fields), map: b.lookup(store, 0, { otherwise: 0 }) }
    this.#variables = program.initial.map((value, i) => {
      const t = typeNames[Math.floor(i / variablesPerType)] ?? 'u32'
      return b.variable(scalars[t], fitting(t, value))
    })
  }

  run(): void {
    this.#block(this.#program.body)
    if (!this.#b.emitter.reachable) return
    let sum: Any | undefined
    for (const variable of this.#variables) {
      const value = variable.get().toU64()
      sum = sum === undefined ? value : sum.mul(31).add(value)
    }
    if (sum !== undefined) this.#b.return(sum)
  }

  /** What follows a statement that nothing falls through cannot be written. */
  #block(body: readonly Stmt[]): void {
    for (const stmt of body) if (this.#b.emitter.reachable) this.#stmt(stmt)
  }

  #stmt(stmt: Stmt): void {
    const b = this.#b
    switch (stmt.k) {
      case 'set':
        this.#variable(stmt.t, stmt.index).set(as(this.#expr(stmt.a), stmt.t))
        return
      case 'swap': {
        const [i, j] = [this.#variable(stmt.t, stmt.i), this.#variable(stmt.t, stmt.j)]
        const [x, y] = [i.get(), j.get()]
        i.set(y)
        j.set(x)
        return
      }
      case 'store':
        b.assign(this.#memory[stmt.place], { [stmt.field]: storable(this.#expr(stmt.a), stmt.field) })
        return
      case 'atomicAdd': {
        const amount = as(this.#expr(stmt.a), fieldType(stmt.field))
        b.atomicAdd(this.#memory[stmt.place], { [stmt.field]: amount })
        return
      }
      case 'mutate':
        b.kfunc(mutate, [this.#memory[stmt.place]])
        return
      case 'if':
        b.if(
          this.#cond(stmt.cond),
          () => this.#block(stmt.yes),
          () => this.#block(stmt.no),
        )
        return
      case 'lookup': {
        const key = as(this.#expr(stmt.key), 'u32') as unknown as Int<'u32'>
        b.lookup(evens, { key }, { hit: () => this.#block(stmt.hit), miss: () => this.#block(stmt.miss) })
        return
      }
      case 'for':
        b.for(stmt.count, () => this.#block(stmt.body), { strategy: stmt.strategy })
        return
      case 'switch': {
        const low = (as(this.#expr(stmt.a), 'u32') as unknown as Int<'u32'>).and(7)
        b.switch(
          low,
          stmt.cases.map(({ value, body }) => [value, () => this.#block(body)] as const),
          () => this.#block(stmt.rest),
        )
        return
      }
      case 'break':
        b.break()
        return
      case 'continue':
        b.continue()
        return
      case 'return':
        b.return(as64(this.#expr(stmt.a)))
        return
    }
  }

  #expr(e: Expr): Any {
    switch (e.k) {
      case 'const':
        return this.#constant(e.t, e.value)
      case 'var':
        return this.#variable(e.t, e.index).get() as unknown as Any
      case 'binary': {
        const a = this.#expr(e.a)
        const b = this.#expr(e.b)
        const [left, right] =
          e.op === 'div' || e.op === 'mod' ? [unsigned(a), unsigned(b)] : [a, likeSign(b, a)]
        return (left[e.op] as (other: Any) => Int).call(left, right) as Any
      }
      case 'binaryConst': {
        const a = this.#expr(e.a)
        const left = e.op === 'div' || e.op === 'mod' ? unsigned(a) : a
        return left[e.op](divisor(e.op, fitting(nameOf(left), e.value))) as Any
      }
      case 'shift': {
        const a = this.#expr(e.a)
        if (typeof e.by === 'number') return a[e.op](e.by % (a.type.size === 8 ? 64 : 32)) as Any
        return a[e.op](unsigned(this.#expr(e.by))) as Any
      }
      case 'cast':
        return as(this.#expr(e.a), e.t)
      case 'mask': {
        const a = this.#expr(e.a)
        return (e.bits === 8 ? a.toU8() : a.toU16()) as unknown as Any
      }
      case 'network': {
        const a = wide(unsigned(this.#expr(e.a)))
        const mask = fitting(nameOf(a), e.mask)
        return network(a)
          .and(a.type.size === 8 ? mask : (Number(mask) as never))
          .toHost()
      }
      case 'load': {
        if (e.field === 'g') return this.#memory[e.place].g.toHost() as unknown as Any
        return this.#memory[e.place][e.field] as unknown as Any
      }
      case 'function': {
        const [x, y] = [as64(this.#expr(e.a)), as(this.#expr(e.b), 'u32') as unknown as Int<'u32'>]
        const fn = mix[e.global ? 1 : 0]
        if (fn === undefined) throw new Error('there are two')
        return this.#b.call(fn, { x, y, fields: this.#memory[e.place] })
      }
      case 'fetchAdd': {
        const amount = as(this.#expr(e.a), fieldType(e.field))
        return this.#b.fetchAdd(this.#memory[e.place], e.field, amount) as unknown as Any
      }
      case 'call': {
        const args = e.args.map((arg) => as64(this.#expr(arg)))
        const fn = kfunc(
          `call_${e.t}_${args.length}`,
          args.map(() => u64),
          calls[e.t],
          '6.1',
        )
        return this.#b.kfunc(fn, args) as unknown as Any
      }
    }
  }

  #cond(c: Cond): Condition {
    switch (c.k) {
      case 'compare': {
        const a = this.#expr(c.a)
        return a[c.op](likeSign(this.#expr(c.b), a))
      }
      case 'compareConst': {
        const narrow = this.#expr(c.a)
        const a = narrow.type.size < 4 ? as(narrow, narrow.type.signed ? 's32' : 'u32') : narrow
        return a[c.op](fitting(nameOf(a), c.value))
      }
      case 'networkEq': {
        const a = wide(unsigned(this.#expr(c.a)))
        const value = fitting(nameOf(a), c.value)
        return network(a).eq(a.type.size === 8 ? value : (Number(value) as never))
      }
      case 'and': {
        const a = this.#cond(c.a)
        return a.and(this.#cond(c.b))
      }
      case 'or': {
        const a = this.#cond(c.a)
        return a.or(this.#cond(c.b))
      }
      case 'not':
        return this.#cond(c.a).not()
    }
  }

  #constant(t: TypeName, value: bigint): Any {
    return this.#b.variable(scalars[t], fitting(t, value)).get() as unknown as Any
  }

  #variable(t: TypeName, index: number): LocalVariable<HostName> {
    const variable = this.#variables[slot(t, index)]
    if (variable === undefined) throw new Error(`no variable ${t} ${index}`)
    return variable
  }
}

/** The register type's name: what arithmetic on a value of a narrow type has. */
function nameOf(value: Any): TypeName {
  return `${value.type.signed ? 's' : 'u'}${value.type.size === 8 ? 64 : 32}` as TypeName
}

function as(value: Any, t: TypeName): Any {
  const casts = {
    u32: () => value.toU32(),
    u64: () => value.toU64(),
    s32: () => value.toS32(),
    s64: () => value.toS64(),
  }
  return casts[t]() as unknown as Any
}

function as64(value: Any): Any {
  return value.toU64()
}

function unsigned(value: Any): Any {
  return value.type.signed ? as(value, value.type.size === 8 ? 'u64' : 'u32') : value
}

function likeSign(value: Any, like: Any): Any {
  const bits = value.type.size === 8 ? 64 : 32
  return as(value, `${like.type.signed ? 's' : 'u'}${bits}` as TypeName)
}

/** At least 32 bits wide: 8 bits have no byte order. */
function wide(value: Any): Any {
  return value.type.size === 8 ? value : as(value, 'u32')
}

function network(value: Any): Net<'be64'> {
  return value.toNetwork() as Net<'be64'>
}

/** A value in a form that can be stored into a field. */
function storable(value: Any, field: MemoryField): unknown {
  if (field === 'g') return (as(value, 'u32') as unknown as Int<'u32'>).toNetwork()
  return as(value, fieldType(field))
}
