import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { type Block, type FunctionGraph, type Terminator, type Value, valuesOf } from '../graph.ts'

/** How to print a graph. */
export interface PrintOptions {
  /** Whether to print the author's line of every value (`@file:line:column`); yes unless told otherwise. */
  readonly sources?: boolean
}

/**
 * A graph as text, complete: `parseGraph` makes the same graph of it. The grammar, by example:
 *
 * ```text
 * function classify
 * frame0 "ServiceKey" size 16 align 8
 * file0 "ingress.ts"
 * b0:
 *   v0 = param ptr 0  @0:12:3
 *   v1 = load.2 i32 context [v0 + 16]
 *   if v1 ne 8 then b2 else b1
 * b1(b0):
 *   store.8 frame [frame0 + 8], 0:i64
 *   v3 = call ptr helper#1 bpf_map_lookup_elem(map:services, frame0) writes map removable
 *   goto b2
 * b2(b0, b1):
 *   v4 = phi ptr 0:ptr, v3
 *   return v4
 * ```
 *
 * A block names its predecessors, in the order of its phis' operands. Constants are unsigned; those that are not `i32`
 * say their type. Sizes of accesses are in bytes.
 */
export function printGraph(graph: FunctionGraph, options: PrintOptions = {}): string {
  return new Printer(options.sources ?? true).graph(graph)
}

class Printer {
  readonly #sources: boolean
  readonly #files: string[] = []

  constructor(sources: boolean) {
    this.#sources = sources
  }

  graph(graph: FunctionGraph): string {
    const blocks = graph.blocks.flatMap((block) => this.#block(block))
    const frame = graph.frameObjects.map(
      (o) =>
        `frame${o.id} ${JSON.stringify(o.name)} size ${o.size} align ${o.align}${o.spill ? ' spill' : ''}`,
    )
    const files = this.#files.map((file, i) => `file${i} ${JSON.stringify(file)}`)
    return [`function ${graph.name}`, ...frame, ...files, ...blocks, ''].join('\n')
  }

  #block(block: Block): string[] {
    const from = block.predecessors.map((b) => `b${b.id}`).join(', ')
    return [
      `b${block.id}${from === '' ? '' : `(${from})`}:`,
      ...valuesOf(block).map(
        (value) =>
          `  ${value.type === 'none' ? '' : `v${value.id} = `}${describe(value)}${this.#source(value.source)}`,
      ),
      `  ${terminator(block.terminator)}${this.#source('source' in block.terminator ? block.terminator.source : undefined)}`,
    ]
  }

  #source(source: SourcePosition | undefined): string {
    if (source === undefined || !this.#sources) return ''
    let index = this.#files.indexOf(source.file)
    if (index < 0) index = this.#files.push(source.file) - 1
    return `  @${index}:${source.line}:${source.column}`
  }
}

function describe(value: Value): string {
  const { op, type, args } = value
  const operands = args.map(operand).join(', ')
  switch (op.kind) {
    case 'const':
    case 'frame':
    case 'map':
    case 'offset':
    case 'function':
      throw new Error(`v${value.id} is ${op.kind}, which belongs to no block`)
    case 'global':
      return `global ${type} ${op.name}`
    case 'param':
      return `param ${type} ${op.index}`
    case 'binary':
      return `${op.operator} ${type} ${operands}`
    case 'swap':
      return `swap.${op.bits} ${type} ${operands}`
    case 'extend':
      return `${op.signed ? 'sext' : 'zext'} ${type} ${operands}`
    case 'load':
      return `load.${op.size} ${type} ${address(value)}`
    case 'store':
      return `store.${op.size} ${address(value)}`
    case 'atomic':
      return `atomic.${op.fetch ? 'fetch_' : ''}${op.operator}.${op.size}${type === 'none' ? '' : ` ${type}`} ${address(value)}`
    case 'call': {
      const { kind, number, name, writes, removable } = op.callee
      const called = kind === 'helper' ? `helper#${number}` : kind
      return `call${type === 'none' ? '' : ` ${type}`} ${called} ${name}(${operands})${writes.length === 0 ? '' : ` writes ${writes.join(' ')}`}${removable ? ' removable' : ''}`
    }
    default:
      return `${op.kind} ${type} ${operands}`
  }
}

/** Where an access goes, and what it puts there. */
function address({ op, args }: Value): string {
  if (op.kind !== 'load' && op.kind !== 'store' && op.kind !== 'atomic') return ''
  const [pointer, ...rest] = args.map(operand)
  const field =
    op.kind !== 'atomic' && op.field !== undefined
      ? ` field ${JSON.stringify(`${op.field.struct}::${op.field.path}`)}`
      : ''
  return [`${op.space} [${pointer} + ${op.offset}]${field}`, ...rest].join(', ')
}

/** A value where it is used. */
function operand(value: Value): string {
  const { op } = value
  switch (op.kind) {
    case 'const':
      return `${number(op.value)}${value.type === 'i32' ? '' : `:${value.type}`}`
    case 'frame':
      return `frame${op.object.id}`
    case 'map':
    case 'function':
      return `${op.kind}:${op.name}`
    case 'offset':
      return `offset:${op.field.struct}::${inOneWord(op.field.path)}:${op.size}`
    default:
      return `v${value.id}`
  }
}

/** A path such as `tuplehash[1].mark`; brackets end a word, so they are written `<1>`. */
function inOneWord(path: string): string {
  return path.replaceAll('[', '<').replaceAll(']', '>')
}

/** Small numbers are counts and offsets, large ones masks and addresses. */
function number(value: bigint): string {
  return value < 65536n ? `${value}` : `0x${value.toString(16)}`
}

function terminator(end: Terminator): string {
  switch (end.kind) {
    case 'jump':
      return `goto b${end.target.id}`
    case 'branch':
      return `if ${operand(end.left)} ${end.comparison} ${operand(end.right)} then b${end.whenTrue.id} else b${end.whenFalse.id}`
    case 'return':
      return `return ${operand(end.value)}`
    case 'none':
      return 'never'
  }
}
