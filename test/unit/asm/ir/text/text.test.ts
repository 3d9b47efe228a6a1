import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompileOptions } from '../../../../../src/asm/ir/compile.ts'
import { parseGraph } from '../../../../../src/asm/ir/text/parse.ts'
import { printGraph } from '../../../../../src/asm/ir/text/print.ts'
import { IrSyntaxError } from '../../../../../src/asm/ir/text/tokens.ts'
import { verifyGraph } from '../../../../../src/asm/ir/verify.ts'
import { ingress } from '../../../../../src/programs/load-balancer/datapath/ingress.ts'
import { build } from '../../dsl/random/build.ts'
import { anyProgram } from '../../dsl/random/program.ts'

const everything = `function all.of_it
frame0 "key \\"of\\" 8" size 8 align 8
frame1 "spill 1" size 8 align 8 spill
file0 "/src/lb.ts"
b0:
  v0 = param ptr 0  @0:1:2
  v1 = load.2 i32 context [v0 + 16]  @0:3:4
  v2 = sub i32 v1, 0xffffffff
  v3 = add ptr v0, 14:i64
  v4 = swap.16 i32 v2
  v5 = zext i64 v4
  v6 = sext i64 v4
  v7 = truncate i32 v6
  v8 = negate i64 v5
  v9 = load.4 i32 kernel [v3 + -4] field "nf_conn::proto.tcp.state"
  store.8 frame [frame0 + 0], 0:i64  @0:5:6
  atomic.add.8 map [v3 + 8], v8
  v10 = atomic.fetch_xor.4 i32 map [v3 + 8], v9
  v14 = add i64 v8, offset:nf_conn::tuplehash<1>.tuple:16
  v11 = call ptr helper#1 bpf_map_lookup_elem(map:.rodata, frame0) writes frame map removable
  call kfunc bpf_rcu_read_lock()
  call function parse(v0, function:body) writes map
  v15 = global ptr config.a
  if v11 eq 0:ptr then b1 else b2  @0:7:8
b1(b0, b2):
  v12 = phi i32 v1, v13
  return v12  @0:9:10
b2(b0):
  v13 = arsh i32 v7, 3
  goto b1
b3:
  never
`

/** The texts of all forms a program takes before it becomes machine code. */
function graphsOf(compileIt: (options: CompileOptions) => unknown): string[] {
  const texts: string[] = []
  compileIt({
    trace: (_, text) => {
      const printed = text()
      if (printed.includes('\n  return ')) texts.push(printed)
    },
  })
  return texts
}

describe('printing and parsing a graph', () => {
  test('gives what was there, for everything that a graph can have', () => {
    expect(printGraph(parseGraph(everything))).toBe(everything)
  })

  test('skips comments and empty lines, and leaves sources out when asked', () => {
    const graph = parseGraph('; nothing\nfunction f\n\nfile0 "a.ts"\nb0:  ; entry\n  return 1  @0:1:1\n')
    expect(printGraph(graph, { sources: false })).toBe('function f\nb0:\n  return 1\n')
  })

  test('reads a graph as it was: blocks, predecessors, operands', () => {
    const graph = parseGraph(everything)
    const [entry, join, other] = graph.blocks
    expect(join?.predecessors).toEqual([entry, other])
    expect(join?.phis[0]?.args).toEqual([entry?.values[1], other?.values[0]])
    expect(graph.entry).toBe(entry)
    expect([graph.nextBlock, graph.floating.size]).toEqual([4, 9])
    expect(entry?.terminator).toMatchObject({ kind: 'branch', comparison: 'eq', whenTrue: join })
  })

  test('the load balancer, at every step of its compilation', () => {
    const texts = graphsOf((options) => ingress().rebuild(options))
    expect(texts.length).toBeGreaterThan(4)
    for (const text of texts) {
      const graph = parseGraph(text)
      expect(printGraph(graph)).toBe(text)
      expect(verifyGraph(graph)).toEqual([])
    }
  })

  test('a phi in a block that nothing leads to any more has no operands', () => {
    const text = 'function f\nb0:\n  return 0\nb1:\n  v0 = phi i32\n  v1 = phi i64  @0:1:2\n  goto b1\n'
    const graph = parseGraph(text.replace('\n', '\nfile0 "f.ts"\n').replace('goto b1', 'return v0'))
    expect(graph.blocks[1]?.phis.map((phi) => phi.args)).toEqual([[], []])
    expect(printGraph(parseGraph(printGraph(graph)))).toBe(printGraph(graph))
  })

  test('random programs, at every step of their compilation, which also keeps them sound', () => {
    fc.assert(
      fc.property(anyProgram, (program) => {
        for (const text of graphsOf((options) => build(program, options))) {
          const graph = parseGraph(text)
          expect(printGraph(graph)).toBe(text)
          expect(verifyGraph(graph)).toEqual([])
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 30) },
    )
  }, 60_000)
})

describe('text that is no graph', () => {
  test.each([
    ['', 'line 1: expected a function, got nothing'],
    ['function', 'line 1: expected the name of the function, got the end of the line'],
    ['function f', 'line 1: a function without a block'],
    ['function f\nb0:', 'line 1: block b0 does not end'],
    ['function f\nb0:\n  goto b7', 'line 3: no block b7'],
    [
      'function f\nb0:\n  goto b0\n  goto b0',
      'line 4: expected a block, got something behind the end of one',
    ],
    ['function f\nb0:\nb0:\n', 'line 3: a second block b0'],
    ['function f\nb0:\n  v1 = frob i32 1\n  never', 'line 3: expected an operation, got frob'],
    ['function f\nb0:\n  v1 = add i32 1\n  never', 'line 3: expected 2 operands, got 1'],
    ['function f\nb0:\n  add i32 1, 2\n  never', 'line 3: this has a result, which needs a name'],
    ['function f\nb0:\n  v1 = store.4 map [0:ptr + 0], 1\n  never', 'line 3: this has no result'],
    ['function f\nb0:\n  v1 = add i32 1, 2\n  v1 = add i32 1, 2\n  never', 'line 4: a second value v1'],
    [
      'function f\nb0:\n  v1 = load.3 i32 map [0:ptr + 0]\n  never',
      'line 3: an access is of 1, 2, 4 or 8 bytes',
    ],
    [
      'function f\nb0:\n  v1 = load.4 i32 heap [0:ptr + 0]\n  never',
      'line 3: expected a kind of memory (context, packet, frame, map, kernel), got heap',
    ],
    ['function f\nb0:\n  return v3', 'line 3: no value v3'],
    ['function f\nb0:\n  return -3', 'line 3: no value -3'],
    ['function f\nb0:\n  return 3 4', 'line 3: expected the end of the line, got 4'],
    ['function f\nb0:\n  return 3  @0:1:1', 'line 3: no file0'],
    ['function f\nframe0 key size 8 align 8\nb0:\n  return 3', 'line 2: expected a name in quotes, got key'],
  ])('%j', (text, message) => {
    expect(() => parseGraph(text)).toThrow(new IrSyntaxError(1, '').constructor as typeof IrSyntaxError)
    expect(() => parseGraph(text)).toThrow(message)
  })
})
