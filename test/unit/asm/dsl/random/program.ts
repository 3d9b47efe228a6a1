import fc from 'fast-check'
import type { LoopStrategy } from '../../../../../src/asm/dsl/control/loops.ts'

/** Types of the random programs' variables. */
export type TypeName = 'u32' | 'u64' | 's32' | 's64'
export const typeNames: readonly TypeName[] = ['u32', 'u64', 's32', 's64']
/** Variables of each type. */
export const variablesPerType = 3

/** Scalars of the struct that lives on the stack and of the one in a map. */
export const memoryFields = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const
export type MemoryField = (typeof memoryFields)[number]
export type Place = 'stack' | 'map'

export type BinaryOperator = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'and' | 'or' | 'xor'
export type Expr =
  | { readonly k: 'const'; readonly t: TypeName; readonly value: bigint }
  | { readonly k: 'var'; readonly t: TypeName; readonly index: number }
  | { readonly k: 'binary'; readonly op: BinaryOperator; readonly a: Expr; readonly b: Expr }
  | { readonly k: 'binaryConst'; readonly op: BinaryOperator; readonly a: Expr; readonly value: bigint }
  | { readonly k: 'shift'; readonly op: 'shl' | 'shr'; readonly a: Expr; readonly by: number | Expr }
  | { readonly k: 'cast'; readonly t: TypeName; readonly a: Expr }
  | { readonly k: 'mask'; readonly bits: 8 | 16; readonly a: Expr }
  /** Through network order and back, masked on the way. */
  | { readonly k: 'network'; readonly a: Expr; readonly mask: bigint }
  | { readonly k: 'load'; readonly place: Place; readonly field: MemoryField }
  | { readonly k: 'fetchAdd'; readonly place: Place; readonly field: 'c' | 'd'; readonly a: Expr }
  /** A function of the program, static or global: see `mix`. */
  | {
      readonly k: 'function'
      readonly global: boolean
      readonly place: Place
      readonly a: Expr
      readonly b: Expr
    }
  /** A kfunc of as many arguments; its result depends on all of them and on how many calls came before. */
  | { readonly k: 'call'; readonly t: 'u32' | 's32' | 'u64'; readonly args: readonly Expr[] }

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'has'
export type Cond =
  | { readonly k: 'compare'; readonly op: Comparison; readonly a: Expr; readonly b: Expr }
  | { readonly k: 'compareConst'; readonly op: Comparison; readonly a: Expr; readonly value: bigint }
  | { readonly k: 'networkEq'; readonly a: Expr; readonly value: bigint }
  | { readonly k: 'and' | 'or'; readonly a: Cond; readonly b: Cond }
  | { readonly k: 'not'; readonly a: Cond }

export type Stmt =
  | { readonly k: 'set'; readonly t: TypeName; readonly index: number; readonly a: Expr }
  | { readonly k: 'swap'; readonly t: TypeName; readonly i: number; readonly j: number }
  | { readonly k: 'store'; readonly place: Place; readonly field: MemoryField; readonly a: Expr }
  | { readonly k: 'atomicAdd'; readonly place: Place; readonly field: 'c' | 'd'; readonly a: Expr }
  /** A kfunc that changes the struct it gets. */
  | { readonly k: 'mutate'; readonly place: Place }
  | { readonly k: 'if'; readonly cond: Cond; readonly yes: readonly Stmt[]; readonly no: readonly Stmt[] }
  | {
      readonly k: 'for'
      readonly count: number
      readonly strategy: LoopStrategy
      readonly body: readonly Stmt[]
    }
  /** On the low 3 bits. */
  | {
      readonly k: 'switch'
      readonly a: Expr
      readonly cases: readonly { readonly value: number; readonly body: readonly Stmt[] }[]
      readonly rest: readonly Stmt[]
    }
  /** Looks an element up that is there for even keys only. */
  | {
      readonly k: 'lookup'
      readonly key: Expr
      readonly hit: readonly Stmt[]
      readonly miss: readonly Stmt[]
    }
  | { readonly k: 'break' }
  | { readonly k: 'continue' }
  | { readonly k: 'return'; readonly a: Expr }

/** Numbers at the edges of widths, which is where compilers err. */
const edges = [0n, 1n, 2n, 7n, 8n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x100n, 0xffffn, 0x1_0000n]
  .concat([0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n])
  .concat([0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn])
export const anyNumber = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
)

const type = fc.constantFrom(...typeNames)
const index = fc.nat({ max: variablesPerType - 1 })
const field = fc.constantFrom(...memoryFields)
const place = fc.constantFrom<Place>('stack', 'map')
const wideField = fc.constantFrom('c' as const, 'd' as const)
const operator = fc.constantFrom<BinaryOperator>('add', 'sub', 'mul', 'div', 'mod', 'and', 'or', 'xor')
const comparison = fc.constantFrom<Comparison>('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'has')

const nodes = fc.letrec<{
  expr: Expr
  cond: Cond
  stmt: Stmt
  block: Stmt[]
  inLoop: Stmt
  loopBody: Stmt[]
}>((tie) => {
  const leaf = fc.oneof(
    fc.record({ k: fc.constant('const' as const), t: type, value: anyNumber }),
    fc.record({ k: fc.constant('var' as const), t: type, index }),
    fc.record({ k: fc.constant('load' as const), place, field }),
  )
  const expr = tie('expr')
  const cond = tie('cond')
  const simple = [
    fc.record({ k: fc.constant('set' as const), t: type, index, a: expr }),
    fc.record({ k: fc.constant('swap' as const), t: type, i: index, j: index }),
    fc.record({ k: fc.constant('store' as const), place, field, a: expr }),
    fc.record({ k: fc.constant('atomicAdd' as const), place, field: wideField, a: expr }),
    fc.record({ k: fc.constant('mutate' as const), place }),
  ]
  const rare = fc.record({ k: fc.constant('return' as const), a: expr })
  const loop = fc.record({
    k: fc.constant('for' as const),
    count: fc.integer({ min: 1, max: 4 }),
    strategy: fc.constantFrom<LoopStrategy>('unroll', 'bounded', 'bpf_loop', 'iterator'),
    body: tie('loopBody'),
  })
  const branching = (body: fc.Arbitrary<Stmt[]>): fc.Arbitrary<Stmt>[] => [
    fc.record({ k: fc.constant('if' as const), cond, yes: body, no: body }),
    fc.record({ k: fc.constant('lookup' as const), key: expr, hit: body, miss: body }),
    fc.record({
      k: fc.constant('switch' as const),
      a: expr,
      cases: fc.uniqueArray(fc.record({ value: fc.nat({ max: 7 }), body }), {
        minLength: 1,
        maxLength: 6,
        selector: ({ value }) => value,
      }),
      rest: body,
    }),
  ]
  return {
    expr: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'expr', withCrossShrink: true },
      leaf,
      leaf,
      fc.record({ k: fc.constant('binary' as const), op: operator, a: expr, b: expr }),
      fc.record({ k: fc.constant('binaryConst' as const), op: operator, a: expr, value: anyNumber }),
      fc.record({
        k: fc.constant('shift' as const),
        op: fc.constantFrom('shl' as const, 'shr' as const),
        a: expr,
        by: fc.oneof(fc.nat({ max: 63 }), expr),
      }),
      fc.record({ k: fc.constant('cast' as const), t: type, a: expr }),
      fc.record({ k: fc.constant('mask' as const), bits: fc.constantFrom(8 as const, 16 as const), a: expr }),
      fc.record({ k: fc.constant('network' as const), a: expr, mask: anyNumber }),
      fc.record({ k: fc.constant('function' as const), global: fc.boolean(), place, a: expr, b: expr }),
      fc.record({ k: fc.constant('fetchAdd' as const), place, field: wideField, a: expr }),
      fc.record({
        k: fc.constant('call' as const),
        t: fc.constantFrom('u32' as const, 's32' as const, 'u64' as const),
        args: fc.array(expr, { maxLength: 5 }),
      }),
    ),
    cond: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'cond', withCrossShrink: true },
      fc.record({ k: fc.constant('compare' as const), op: comparison, a: expr, b: expr }),
      fc.record({ k: fc.constant('compareConst' as const), op: comparison, a: expr, value: anyNumber }),
      fc.record({ k: fc.constant('networkEq' as const), a: expr, value: anyNumber }),
      fc.record({ k: fc.constantFrom('and' as const, 'or' as const), a: cond, b: cond }),
      fc.record({ k: fc.constant('not' as const), a: cond }),
    ),
    stmt: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'stmt', withCrossShrink: true },
      ...simple,
      ...branching(tie('block')),
      loop,
      rare,
    ),
    block: fc.array(tie('stmt'), { maxLength: 4, depthIdentifier: 'stmt' }),
    inLoop: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'stmt', withCrossShrink: true },
      ...simple,
      ...branching(tie('loopBody')),
      fc.record({ k: fc.constantFrom('break' as const, 'continue' as const) }),
      loop,
      rare,
    ),
    loopBody: fc.array(tie('inLoop'), { maxLength: 4, depthIdentifier: 'stmt' }),
  }
})

/** A random program: statements, and what the variables hold at first. */
export interface RandomProgram {
  readonly initial: readonly bigint[]
  readonly body: readonly Stmt[]
}

export const anyProgram: fc.Arbitrary<RandomProgram> = fc.record({
  initial: fc.array(anyNumber, {
    minLength: typeNames.length * variablesPerType,
    maxLength: typeNames.length * variablesPerType,
  }),
  body: fc.array(nodes.stmt, { minLength: 1, maxLength: 8 }),
})
