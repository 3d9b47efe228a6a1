import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { constant, floating, frameAddress } from '../floating.ts'
import {
  type BinaryOperator,
  type Block,
  binaryOperators,
  comparisons,
  createBlock,
  createGraph,
  type FrameObject,
  type FunctionGraph,
  type MemorySpace,
  memorySpaces,
  type Operation,
  type Terminator,
  type Type,
  types,
  type Value,
} from '../graph.ts'
import { IrSyntaxError, Tokens } from './tokens.ts'

/**
 * Reads a graph from the text that `printGraph` writes; its documentation has the grammar. Empty lines, and what
 * follows a `;`, are skipped.
 *
 * @throws {IrSyntaxError} for anything else
 */
export function parseGraph(text: string): FunctionGraph {
  return new Parser(text).graph()
}

/** A value as written: its operands may be defined further down. */
interface Written {
  readonly value: Value
  readonly operands: readonly string[]
  readonly tokens: Tokens
}

type Width = 1 | 2 | 4 | 8
const widths: Readonly<Record<string, Width>> = { '1': 1, '2': 2, '4': 4, '8': 8 }

class Parser {
  readonly #lines: readonly Tokens[]
  readonly #blocks = new Map<string, Block>()
  readonly #values = new Map<string, Value>()
  readonly #frames = new Map<string, FrameObject>()
  readonly #files: string[] = []
  readonly #pending: Written[] = []
  readonly #ends: { readonly block: Block; readonly tokens: Tokens }[] = []
  readonly #graph: FunctionGraph

  constructor(text: string) {
    this.#lines = text
      .split('\n')
      .map((line, i) => new Tokens(line.replace(/(?<=^|\s);.*/, ''), i + 1))
      .filter((tokens) => tokens.next !== undefined)
    const [first, ...others] = this.#lines
    if (first === undefined) throw new IrSyntaxError(1, 'expected a function, got nothing')
    first.expect('function')
    const name = first.take('the name of the function')
    first.end()
    const entry = others.find((line) => isHead(line)) ?? first.fail('a function without a block')
    this.#graph = createGraph(name, idOf(entry))
    // Fresh numbers, for constants and effects, begin behind the written ones.
    const named = others.map((line) => Number(/^v(\d+)$/.exec(line.next ?? '')?.[1] ?? -1))
    this.#graph.nextValue = 1 + Math.max(-1, ...named)
    for (const head of others.filter(isHead)) this.#declare(head)
  }

  graph(): FunctionGraph {
    let block: Block | undefined
    for (const tokens of this.#lines.slice(1)) {
      if (isHead(tokens)) block = this.#head(tokens)
      else if (block === undefined) this.#header(tokens)
      else if (this.#ended(block)) tokens.fail('expected a block, got something behind the end of one')
      else this.#line(block, tokens)
    }
    this.#resolve()
    return this.#graph
  }

  #declare(head: Tokens): void {
    const id = idOf(head)
    if (this.#blocks.has(`b${id}`)) head.fail(`a second block b${id}`)
    const block = this.#blocks.size === 0 ? this.#graph.entry : createBlock(this.#graph, id)
    this.#blocks.set(`b${id}`, block)
  }

  #head(tokens: Tokens): Block {
    const block = this.#block(tokens, tokens.take('a block').replace(':', ''))
    if (tokens.skip('(')) {
      do block.predecessors.push(this.#block(tokens, tokens.take('a block')))
      while (tokens.skip(','))
      tokens.expect(')')
      tokens.expect(':')
    }
    tokens.end()
    return block
  }

  #header(tokens: Tokens): void {
    const [kind, number] = tokens.match(/^(frame|file)(\d+)$/, 'a stack object, a file or a block')
    const name = tokens.string('a name')
    if (kind === 'file') {
      this.#files[Number(number)] = name
    } else {
      tokens.expect('size')
      const size = tokens.number('a size')
      tokens.expect('align')
      const align = tokens.number('an alignment')
      const spill = tokens.skip('spill')
      const object = { id: Number(number), name, size, align, ...(spill && { spill }) }
      this.#graph.frameObjects.push(object)
      this.#frames.set(`frame${number}`, object)
    }
    tokens.end()
  }

  #ended(block: Block): boolean {
    return this.#ends.some((end) => end.block === block)
  }

  #line(block: Block, tokens: Tokens): void {
    if (['goto', 'if', 'return', 'never'].includes(tokens.next ?? '')) {
      this.#ends.push({ block, tokens })
      return
    }
    let id: number | undefined
    if (/^v\d+$/.test(tokens.next ?? '')) {
      id = Number(tokens.take('a value').slice(1))
      tokens.expect('=')
    }
    const { op, type, operands } = this.#operation(tokens)
    if ((type === 'none') !== (id === undefined))
      tokens.fail(type === 'none' ? 'this has no result' : 'this has a result, which needs a name')
    const source = this.#source(tokens)
    tokens.end()
    const value: Value = { id: id ?? this.#graph.nextValue++, op, type, args: [], block, source }
    if (id !== undefined) {
      if (this.#values.has(`v${id}`)) tokens.fail(`a second value v${id}`)
      this.#values.set(`v${id}`, value)
    }
    if (op.kind === 'phi') {
      if (block.values.length > 0) tokens.fail('a phi behind other values')
      block.phis.push(value)
    } else block.values.push(value)
    this.#pending.push({ value, operands, tokens })
  }

  #operation(tokens: Tokens): { op: Operation; type: Type; operands: string[] } {
    const [name = '', ...parts] = tokens.take('an operation').split('.')
    const type = types.find((t) => t === tokens.next) ?? 'none'
    tokens.skip(type)
    const operator = binaryOperators.find((o) => o === name)
    if (operator !== undefined) return { op: binary(operator), type, operands: this.#operands(tokens, 2) }
    switch (name) {
      case 'global':
        return { op: { kind: 'global', name: tokens.take('the name of global data') }, type, operands: [] }
      case 'param':
        return {
          op: { kind: 'param', index: tokens.number('the number of a parameter') },
          type,
          operands: [],
        }
      case 'negate':
      case 'truncate':
        return { op: { kind: name }, type, operands: this.#operands(tokens, 1) }
      case 'swap': {
        const bits = ([16, 32, 64] as const).find((b) => `${b}` === parts[0])
        if (bits === undefined) return tokens.fail('a swap is of 16, 32 or 64 bits')
        return { op: { kind: 'swap', bits }, type, operands: this.#operands(tokens, 1) }
      }
      case 'zext':
      case 'sext':
        return { op: { kind: 'extend', signed: name === 'sext' }, type, operands: this.#operands(tokens, 1) }
      case 'phi': {
        // None in a block that nothing leads to any more.
        const none = tokens.next === undefined || tokens.next.startsWith('@')
        return { op: { kind: 'phi' }, type, operands: none ? [] : this.#operands(tokens) }
      }
      case 'load':
      case 'store':
      case 'atomic':
        return this.#access(tokens, name, parts, type)
      case 'call':
        return this.#call(tokens, type)
      default:
        return tokens.fail(`expected an operation, got ${name}`)
    }
  }

  #access(
    tokens: Tokens,
    kind: 'load' | 'store' | 'atomic',
    parts: readonly string[],
    type: Type,
  ): { op: Operation; type: Type; operands: string[] } {
    const size = widths[parts[parts.length - 1] ?? ''] ?? tokens.fail('an access is of 1, 2, 4 or 8 bytes')
    const space = tokens.oneOf(memorySpaces, 'a kind of memory')
    tokens.expect('[')
    const pointer = tokens.take('a pointer')
    tokens.expect('+')
    const offset = tokens.number('an offset')
    tokens.expect(']')
    const named = tokens.skip('field') ? tokens.string('a member').split('::') : undefined
    const field =
      named === undefined ? {} : { field: { struct: named[0] ?? '', path: named.slice(1).join('::') } }
    const operands = [pointer, ...(tokens.skip(',') ? this.#operands(tokens, 1) : [])]
    if ((operands.length === 1) !== (kind === 'load'))
      tokens.fail(`the wrong number of operands for a ${kind}`)
    if (kind !== 'atomic') return { op: { kind, size, offset, space, ...field }, type, operands }
    const [, fetch, name] =
      /^(fetch_)?(add|and|or|xor)$/.exec(parts[0] ?? '') ?? tokens.fail('no such atomic operation')
    if (size !== 4 && size !== 8) return tokens.fail('an atomic operation is on 4 or 8 bytes')
    const operator = (['add', 'and', 'or', 'xor'] as const).find((o) => o === name) ?? 'add'
    return { op: { kind, operator, fetch: fetch !== undefined, size, offset, space }, type, operands }
  }

  #call(tokens: Tokens, type: Type): { op: Operation; type: Type; operands: string[] } {
    const [kind, number] = tokens.match(
      /^(helper|kfunc|function)(?:#(\d+))?$/,
      'helper#NUMBER, kfunc or function',
    )
    const name = tokens.take('the name of a function')
    tokens.expect('(')
    const operands = tokens.next === ')' ? [] : this.#operands(tokens)
    tokens.expect(')')
    const writes: MemorySpace[] = []
    if (tokens.skip('writes'))
      while (memorySpaces.some((space) => space === tokens.next))
        writes.push(tokens.oneOf(memorySpaces, 'a kind of memory'))
    const removable = tokens.skip('removable')
    return {
      op: {
        kind: 'call',
        callee: {
          kind: kind === 'kfunc' || kind === 'function' ? kind : 'helper',
          name,
          number: Number(number ?? 0),
          writes,
          removable,
        },
      },
      type,
      operands,
    }
  }

  #operands(tokens: Tokens, count?: number): string[] {
    const operands = []
    do operands.push(tokens.take('a value'))
    while (tokens.skip(','))
    if (count !== undefined && operands.length !== count)
      tokens.fail(`expected ${count} operands, got ${operands.length}`)
    return operands
  }

  #source(tokens: Tokens): SourcePosition | undefined {
    if (tokens.next?.startsWith('@') !== true) return undefined
    const [file, line, column] = tokens.match(/^@(\d+):(\d+):(\d+)$/, '@file:line:column').map(Number)
    return {
      file: this.#files[file ?? 0] ?? tokens.fail(`no file${file}`),
      line: line ?? 0,
      column: column ?? 0,
    }
  }

  #block(tokens: Tokens, name: string): Block {
    return this.#blocks.get(name) ?? tokens.fail(`no block ${name}`)
  }

  #operand(tokens: Tokens, name: string): Value {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const object = this.#frames.get(name)
    if (object !== undefined) return frameAddress(this.#graph, object)
    const [, kind, target] = /^(map|function):(.+)$/.exec(name) ?? []
    if (target !== undefined)
      return floating(this.#graph, { kind: kind === 'map' ? 'map' : 'function', name: target }, 'ptr')
    const [, struct, path, size] = /^offset:(.+?)::(.+):(\d+)$/.exec(name) ?? []
    if (struct !== undefined && path !== undefined) {
      const field = { struct, path: path.replaceAll('<', '[').replaceAll('>', ']') }
      return floating(this.#graph, { kind: 'offset', field, size: Number(size) }, 'i64')
    }
    const [, value, type] = /^(\d+|0x[0-9a-f]+)(?::(i64|ptr))?$/.exec(name) ?? tokens.fail(`no value ${name}`)
    return constant(this.#graph, BigInt(value ?? 0), types.find((t) => t === type) ?? 'i32')
  }

  /** Operands and jumps, once everything has a name. */
  #resolve(): void {
    for (const { value, operands, tokens } of this.#pending)
      value.args = operands.map((name) => this.#operand(tokens, name))
    for (const { block, tokens } of this.#ends) block.terminator = this.#terminator(tokens)
    for (const block of this.#blocks.values())
      if (!this.#ended(block)) throw new IrSyntaxError(1, `block b${block.id} does not end`)
  }

  #terminator(tokens: Tokens): Terminator {
    const kind = tokens.take('the end of a block')
    const target = (): Block => this.#block(tokens, tokens.take('a block'))
    const value = (): Value => this.#operand(tokens, tokens.take('a value'))
    const finish = <T>(end: T): T & { readonly source: SourcePosition | undefined } => {
      const source = this.#source(tokens)
      tokens.end()
      return { ...end, source }
    }
    if (kind === 'goto') {
      const end: Terminator = { kind: 'jump', target: target() }
      tokens.end()
      return end
    }
    if (kind === 'return') return finish({ kind: 'return' as const, value: value() })
    if (kind === 'never') return { kind: 'none' }
    const left = value()
    const comparison = tokens.oneOf(comparisons, 'a comparison')
    const right = value()
    tokens.expect('then')
    const whenTrue = target()
    tokens.expect('else')
    return finish({ kind: 'branch' as const, comparison, left, right, whenTrue, whenFalse: target() })
  }
}

function isHead(tokens: Tokens): boolean {
  return /^b\d+:?$/.test(tokens.next ?? '')
}

function idOf(head: Tokens): number {
  return Number((head.next ?? '').slice(1).replace(':', ''))
}

function binary(operator: BinaryOperator): Operation {
  return { kind: 'binary', operator }
}
