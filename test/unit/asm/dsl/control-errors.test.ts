import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import { laterCallback } from '../../../../src/asm/dsl/control/callback.ts'
import type { LoopStrategy } from '../../../../src/asm/dsl/control/loops.ts'
import { contextOf, pointerTo, subprogram } from '../../../../src/asm/dsl/control/subprogram.ts'
import { kernelType } from '../../../../src/asm/dsl/kernel/kernel-type.ts'
import { acquired, consumed, kfunc, memory } from '../../../../src/asm/dsl/kernel/kfunc.ts'
import { array as arrayMap } from '../../../../src/asm/dsl/map/definition.ts'
import { type SkbContext, TcContext } from '../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { XdpContextType } from '../../../../src/asm/dsl/program/xdp.ts'
import { CallDepthError, StackOverflowError } from '../../../../src/asm/ir/machine/stack.ts'
import { be16, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { here, report, type Write } from './build-failure.ts'

const Pair = struct('pair', { a: u32, b: u64 })
const Bytes = struct('bytes', { all: array(u8, 14) })
const Thing = kernelType('thing', { mark: u32 })
const get = kfunc('thing_get', [], acquired(Thing), '6.1')
const put = kfunc('thing_put', [consumed(Thing)], 'void', '6.1')

/** A helper that moves the packet. */
function moves(b: ProgramBuilder, skb: SkbContext): void {
  const tcBuilder = b as ProgramBuilder<'sched_cls'>
  tcBuilder.helpers.skb_change_tail({ skb, length: 60 })
}

describe('switch', () => {
  test('two cases of one value', () => {
    let at = ''
    const lines = report((b, { c }) => {
      at = here(1)
      b.switch(
        c,
        [
          [[1, 6], () => b.return(1)],
          [0x6, () => b.return(2)],
        ],
        () => b.return(3),
      )
    })
    expect(lines).toEqual([
      'DUPLICATE_CASE',
      `two cases of this switch are for 6 (${at})`,
      'One value has one case; several values can share one: [[80, 443], () => …].',
    ])
  })

  test('a literal that does not fit, or is none', () => {
    const message = (write: Write): string => report(write)[1]?.replace(/ \(.*/, '') ?? ''
    expect(message((b, { c }) => b.switch(c.toU8(), { 256: () => {} }))).toBe('256 does not fit u8')
    expect(message((b, { c }) => b.switch(c.toU16().toNetwork(), { 65536: () => {} }))).toBe(
      '65536 does not fit be16',
    )
    expect(message((b, { c }) => b.switch(c, { other: () => {} } as never))).toBe('"other" is not an integer')
    expect(message((b, { c }) => b.switch(c, [[[], () => {}]]))).toBe('a case of this switch has no literal')
  })
})

describe('loops', () => {
  test('a while loop without a bound', () => {
    let at = ''
    const lines = report((b, { c }) => {
      at = here(1)
      b.while(
        () => c.gt(1),
        () => {},
        {} as never,
      )
    })
    expect(lines).toEqual([
      'LOOP_MAX',
      `a while loop needs a max of turns, got undefined (${at})`,
      'The verifier accepts only loops that end: b.while(() => …, () => { … }, { max: 64 }).',
    ])
  })

  test('a range to a value without a bound', () => {
    let at = ''
    const lines = report((b, { c }) => {
      at = here(1)
      b.for({ to: c } as never, () => {})
    })
    expect(lines).toEqual([
      'LOOP_MAX',
      `a loop with a bound that is not a constant needs a max of turns, got NaN (${at})`,
      'The verifier accepts only loops that end: { to: n, max: 64 } ends after 64 turns at the latest.',
    ])
  })

  test('ranges that never run, steps that do not get anywhere, too many turns', () => {
    const message = (write: Write): string => report(write)[1]?.replace(/ \(.*/, '') ?? ''
    expect(message((b) => b.for({ from: 5, to: 5 }, () => {}))).toBe('a loop from 5 to 5 never runs')
    expect(message((b) => b.for({ to: 5, step: 0 }, () => {}))).toBe(
      "a loop's step must be a positive integer, got 0",
    )
    expect(message((b) => b.for({ from: -1, to: 5 }, () => {}))).toBe(
      "a loop's bound must be 0..4294967295, got -1",
    )
    expect(message((b) => b.for(9_000_000, () => {}, { strategy: 'bpf_loop' }))).toBe(
      'a loop of strategy bpf_loop has 8388608 turns at most, this one has 9000000',
    )
    expect(message((b) => b.for(2000, () => {}, { strategy: 'unroll' }))).toBe(
      'a loop of strategy unroll has 1024 turns at most, this one has 2000',
    )
    expect(message((b, { c }) => b.for({ to: c, max: 4 }, () => {}, { strategy: 'unroll' }))).toBe(
      'only a loop over constants can be unrolled',
    )
  })

  const strategies: readonly LoopStrategy[] = ['bounded', 'iterator']
  test.each(strategies)('a header from before that the loop makes stale (%s)', (strategy) => {
    let at = ''
    const lines = report((b, _, skb) => {
      const packet = b.packet(skb)
      const bytes = packet.header(Bytes, { at: 0, otherwise: 0 })
      const sum = b.variable(u32, 0)
      b.for(
        3,
        () => {
          at = here(1)
          sum.set(sum.get().add(bytes.all.at(3)))
          moves(b, skb)
        },
        { strategy },
      )
      b.return(sum.get())
    })
    expect(lines).toEqual([
      'PACKET_MOVED',
      `bytes is used in a loop that may move the packet in memory: from the second turn on it is no longer there (${at})`,
      'Take the header inside the loop with packet.header(…), or read what you need before the loop.',
    ])
  })

  test('a header that was taken before a loop with a way out that moves the packet', () => {
    let at = ''
    const lines = report((b, { c }, skb) => {
      const bytes = b.packet(skb).header(Bytes, { at: 0, otherwise: 0 })
      b.for(3, (i) =>
        b.if(i.eq(c), () => {
          moves(b, skb)
          b.break()
        }),
      )
      at = here(1)
      b.return(bytes.all.at(1))
    })
    expect(lines.slice(0, 2)).toEqual([
      'PACKET_MOVED',
      `bytes is used after the packet may have moved in memory (${at})`,
    ])
  })

  test('a packet that is pulled together in a body that is a function', () => {
    const lines = report((b, _, skb) => {
      const packet = b.packet(skb)
      b.for(3, () => packet.require(20, { otherwise: 0 }), { strategy: 'bpf_loop' })
      b.return(0)
    })
    expect([lines[0], lines[1]?.replace(/ \(control.*/, ''), lines[2]]).toEqual([
      'CAPTURE',
      'the packet may move in a loop whose body is a function of its own (bpf_loop, for-each)',
      "Make what is needed readable before the loop, or take { strategy: 'bounded' } or 'iterator'.",
    ])
  })

  test.each(['unroll', 'bounded', 'bpf_loop', 'iterator'] as const)(
    'something held at the end (%s)',
    (strategy) => {
      let at = ''
      const lines = report((b) => {
        at = here(4)
        b.for(
          3,
          () => {
            b.acquire(get, [], { some: () => b.continue() })
          },
          { strategy },
        )
        b.return(0)
      })
      expect(lines.slice(0, 3)).toEqual([
        'LEAKED_REFERENCE',
        `this thing is not released on every way (${at})`,
        'It is released on one way and held on another at this continue.',
      ])
    },
  )
})

describe('functions of the program', () => {
  const empty = subprogram('empty', { x: u32 }, 'void', () => {})

  test('one that calls itself', () => {
    let at = ''
    const twice: typeof empty = subprogram('twice', { x: u32 }, 'void', (b, { x }) => {
      at = here(1)
      b.call(twice, { x })
    })
    expect(report((b, { c }) => b.call(twice, { x: c }))).toEqual([
      'RECURSION',
      `twice calls itself (${at})`,
      'BPF has no recursion: write a loop.',
    ])
  })

  test('one that uses something of its caller', () => {
    let at = ''
    const lines = report((b, { c }) => {
      const peek = subprogram('peek', {}, u32, (inner) => {
        at = here(1)
        inner.return(c)
      })
      b.return(b.call(peek, {}))
    })
    expect(lines).toEqual([
      'OTHER_FUNCTION',
      `something made outside of peek is used in it, which is a function of its own (${at})`,
      'Pass it as an argument.',
    ])
  })

  test('one that can end without returning', () => {
    let at = ''
    const maybe = subprogram('maybe', { x: u32 }, u32, (b, { x }) => b.if(x.eq(1), () => b.return(1)))
    const lines = report((b, { c }) => {
      at = here(1)
      b.return(b.call(maybe, { x: c }))
    })
    expect(lines).toEqual([
      'NO_RETURN',
      `maybe can reach its end without b.return(…) (${at})`,
      'End every way through the function with b.return(value).',
    ])
  })

  test('results of the wrong type', () => {
    const message = (write: Write): string => report(write)[1]?.replace(/ \(.*/, '') ?? ''
    const wide = subprogram('wide', { x: u64 }, u32, (b, { x }) => b.return(x as never))
    const port = subprogram('port', { x: u16 }, be16, (b, { x }) => b.return(x as never))
    const none = subprogram('none', {}, 'void', (b) => (b.return as (x: number) => void)(1))
    const less = subprogram('less', {}, u32, (b) => (b.return as () => void)())
    expect(message((b, { a }) => b.return(b.call(wide, { x: a })))).toBe(
      'wide returns a u32, here it returns a u64',
    )
    expect(message((b, { c }) => b.call(port, { x: c.toU16() }))).toBe(
      'port returns a be16, here it returns a u16',
    )
    expect(message((b) => b.call(none, {}))).toBe('none returns nothing, here it returns a value')
    expect(message((b) => b.call(less, {}))).toBe('less returns a u32, here it returns nothing')
    expect(message((b) => (b.return as () => void)())).toBe(
      'b.return() without a value in a program, which returns one',
    )
  })

  test('arguments of the wrong type, in the wrong memory, of another context', () => {
    const takes = subprogram('takes', { pair: pointerTo(Pair) }, 'void', () => {})
    const xdpOnly = subprogram('xdp_only', { ctx: contextOf(XdpContextType) }, 'void', () => {})
    const packet = report((b, _, skb) => {
      const pair = b.packet(skb).header(Pair, { at: 0, otherwise: 0 })
      b.call(takes, { pair })
    })
    expect([packet[0], packet[1]?.replace(/ \(control.*/, ''), packet[2]]).toEqual([
      'ARGUMENT',
      'takes: pair cannot be pair, which is in packet memory',
      'Copy what the function needs to the stack, or pass the context and let the function take the header.',
    ])
    const message = (write: Write): string => report(write)[1]?.replace(/ \(control.*/, '') ?? ''
    expect(message((b) => b.call(takes, { pair: b.stack(Bytes) as never }))).toBe(
      'takes: pair is a pair, this is bytes',
    )
    expect(message((b) => b.call(empty, { x: 'one' as never }))).toBe(
      'empty: x is a u32, this is something else',
    )
    expect(message((b, _, skb) => b.call(xdpOnly, { ctx: skb as never }))).toBe(
      'xdp_only: ctx is the context of another type of program',
    )
  })

  test('names and numbers of parameters', () => {
    expect(() => subprogram('two words', {}, 'void', () => {})).toThrow(
      /^function name "two words" must be a C identifier of at most 63 characters \(control-errors/,
    )
    expect(() => subprogram('six', { a: u8, b: u8, c: u8, d: u8, e: u8, f: u8 }, 'void', () => {})).toThrow(
      /^six has 6 parameters, BPF passes 5 \(control-errors/,
    )
  })

  test('something outside of a callback that runs later', () => {
    const lines = report((b, { c }) => {
      laterCallback(b.emitter, 'tick', ['ptr'], () => b.variable(u32, 0).set(c))
      b.return(0)
    })
    expect([lines[0], lines[1]?.replace(/ \(control.*/, '')]).toEqual([
      'OTHER_FUNCTION',
      'something made outside of a callback is used in it, which runs later',
    ])
  })
})

describe('the stack of functions that call one another', () => {
  const Big = struct('big', { bytes: array(u64, 36) })
  const show = kfunc('show', [memory(Big)], 'void', '6.1')

  test('is one: with a table of who uses it', () => {
    const [inMain, called, inDeep] = [{ at: '' }, { at: '' }, { at: '' }]
    const deep = subprogram('deep', {}, 'void', (b) => {
      inDeep.at = here(1)
      b.kfunc(show, [b.stack(Big)])
    })
    try {
      tc('main', (b) => {
        inMain.at = here(1)
        b.kfunc(show, [b.stack(Big)])
        called.at = here(1)
        b.call(deep, {})
        b.return(0)
      })
      expect.unreachable()
    } catch (error) {
      const { message, details, hint } = error as StackOverflowError
      expect(error).toBeInstanceOf(StackOverflowError)
      expect(message).toBe(`main → deep together need 576 bytes of stack, BPF allows 512 (${inMain.at})`)
      expect(details.split('\n')).toEqual([
        'bytes  object',
        '  288  main, rounded up:',
        `         288  big (${inMain.at})`,
        `  288  deep (${called.at}), rounded up:`,
        `         288  big (${inDeep.at})`,
      ])
      expect(hint).toBe('Keep large objects in a per-CPU array map.')
    }
  })

  describe('is less than 256 bytes above a tail call', () => {
    const programs = {
      spec: { name: 'next', type: 'prog_array', keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 },
    } as const
    const jump = subprogram('jump', { skb: contextOf(TcContext) }, 'void', (b, { skb }) =>
      b.tailCall(skb, programs, 0),
    )
    const between = subprogram('between', { skb: contextOf(TcContext) }, 'void', (b, { skb }) => {
      b.call(jump, { skb })
    })
    /** A program with this many 8-byte words on its stack. */
    const build = (words: number, callee = jump, place = { at: '' }): ProgramSpec => {
      const Words = struct('words', { all: array(u64, words) })
      const take = kfunc('take', [memory(Words)], 'void', '6.1')
      return tc('main', (b, skb) => {
        place.at = here(1)
        b.kfunc(take, [b.stack(Words)])
        b.call(callee, { skb })
        b.return(0)
      })
    }
    const refusal = (words: number, callee = jump): StackOverflowError & { readonly at: string } => {
      const place = { at: '' }
      try {
        build(words, callee, place)
      } catch (error) {
        return Object.assign(error as StackOverflowError, place)
      }
      return expect.unreachable()
    }

    test('and 224 bytes are', () => {
      expect(build(28).functions.map(({ name }) => name)).toEqual(['main', 'jump'])
    })

    test('in one function', () => {
      const error = refusal(32)
      expect(error).toBeInstanceOf(StackOverflowError)
      expect(error.code).toBe('STACK_OVERFLOW')
      expect(error.message).toBe(
        `main needs 256 bytes of stack, BPF allows 255 above the tail call in jump (${error.at})`,
      )
      expect(error.details).toBe(`bytes  object\n  256  words (${error.at})`)
      expect(error.hint).toBe('Keep large objects in a per-CPU array map.')
    })

    test('in all functions above', () => {
      const error = refusal(28, between)
      expect(error.message).toBe(
        `main → between together need 256 bytes of stack, BPF allows 255 above the tail call in jump (${error.at})`,
      )
      expect(error.details.replace(/\(control-errors\S+, rounded/, '(…), rounded').split('\n')).toEqual([
        'bytes  object',
        '  224  main, rounded up:',
        `         224  words (${error.at})`,
        '   32  between (…), rounded up:',
      ])
    })
  })

  test('holds eight functions', () => {
    let next = subprogram('f9', { x: u32 }, u32, (b, { x }) => b.return(x))
    for (let i = 8; i >= 2; i--) {
      const inner = next
      next = subprogram(`f${i}`, { x: u32 }, u32, (b, { x }) => b.return(b.call(inner, { x }).add(1)))
    }
    const build = (): unknown => tc('main', (b, skb) => b.return(b.call(next, { x: skb.len })))
    expect(build).toThrow(CallDepthError)
    expect(build).toThrow(
      /^main → f2 → f3 → f4 → f5 → f6 → f7 → f8 → f9 are more than 8 functions \(control-errors/,
    )
  })
})

describe('tail calls', () => {
  const Value = struct('value', { n: u32 })

  test('of a map that is none of programs', () => {
    const map = arrayMap('values', Value, { maxEntries: 1 })
    const lines = report((b, _, skb) => b.tailCall(skb, map, 0))
    expect([lines[0], lines[1]?.replace(/ \(control.*/, '')]).toEqual([
      'MAP_TYPE',
      'a tail call takes a prog_array, map "values" is of type array',
    ])
  })

  test('with something held, or out of an iterator', () => {
    const spec = {
      name: 'next',
      type: 'prog_array',
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
      flags: 0,
    } as const
    let at = ''
    const held = report((b, _, skb) => {
      b.acquire(get, [], {
        some: (thing) => {
          at = here(1)
          b.tailCall(skb, { spec }, 0)
          b.kfunc(put, [thing])
        },
      })
    })
    expect([held[0], ...held.slice(2)]).toEqual([
      'LEAKED_REFERENCE',
      `The tail call at ${at} does not come back.`,
      'Release it before that tail call, or pass it to a function that takes it over.',
    ])
    const open = report((b, _, skb) => b.for(3, () => b.tailCall(skb, { spec }, 0), { strategy: 'iterator' }))
    expect([open[0], open[1]?.replace(/ \(control.*/, ''), open[2]]).toEqual([
      'TAIL_CALL',
      'a tail call leaves a loop over an iterator open',
      "Make the tail call after the loop, or take { strategy: 'bounded' }.",
    ])
  })
})
