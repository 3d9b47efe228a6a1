import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import { TC_ACT_OK } from '../../../../src/asm/dsl/context.ts'
import { BuildError } from '../../../../src/asm/dsl/errors.ts'
import { kernelType } from '../../../../src/asm/dsl/kernel-type.ts'
import { acquired, borrowed, consumed, kfunc, memory } from '../../../../src/asm/dsl/kfunc.ts'
import { array as arrayMap, hash } from '../../../../src/asm/dsl/map.ts'
import { tc } from '../../../../src/asm/dsl/program.ts'
import type { RefOf } from '../../../../src/asm/dsl/reference.ts'
import { StackOverflowError } from '../../../../src/asm/ir/machine/layout.ts'
import { be16, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import { Ipv4Header } from '../../../../src/asm/packet/headers.ts'
import { type Input, program } from './compile-and-run.ts'

const Thing = kernelType('thing', { mark: u32 })
const Other = kernelType('other', { mark: u32 })
const get = kfunc('thing_get', [], acquired(Thing), '6.1')
const put = kfunc('thing_put', [consumed(Thing)], 'void', '6.1')
const poke = kfunc('thing_poke', [borrowed(Thing)], 'void', '6.1')
const getOther = kfunc('other_get', [], acquired(Other), '6.1')
const Value = struct('value', { n: u32, port: be16, list: array(u8, 4) })
const values = arrayMap('values', Value, { maxEntries: 4 })

type Write = (b: ProgramBuilder, input: RefOf<typeof Input>) => void

/** The line that calls this, as errors name it; `after` lines further down. */
function here(after = 0): string {
  const line = /errors\.test\.ts:(\d+)/.exec(new Error().stack?.split('\n')[2] ?? '')?.[1]
  return `errors.test.ts:${Number(line) + after}`
}

function failure(write: Write): BuildError {
  try {
    program(write)
  } catch (error) {
    if (error instanceof BuildError) return error
    throw error
  }
  throw new Error('the program was built')
}

/** Code, whole message, details and hint of what building the program fails with. */
function report(write: Write): string[] {
  const { code, message, details, hint } = failure(write)
  return [code, message, details, hint].filter((text) => text !== '')
}

describe('acquired objects', () => {
  test('not released before a return', () => {
    let acquiredAt = ''
    let returnedAt = ''
    const lines = report((b) => {
      acquiredAt = here(1)
      b.acquire(get, [], {
        some: () => {
          returnedAt = here(1)
          b.return(0)
        },
      })
      b.return(0)
    })
    expect(lines).toEqual([
      'LEAKED_REFERENCE',
      `this thing is not released on every way (${acquiredAt})`,
      `The program returns with it at ${returnedAt}.`,
      'Release it before that return, or pass it to a function that takes it over.',
    ])
  })

  test('released on one way only', () => {
    let at = ''
    const lines = report((b, { c }) => {
      at = here(1)
      b.acquire(get, [], { some: (thing) => b.if(c.eq(1), () => b.kfunc(put, [thing])) })
      b.return(0)
    })
    expect(lines).toEqual([
      'LEAKED_REFERENCE',
      `this thing is not released on every way (${at})`,
      'It is released on one way and held on another where the ways through this statement meet.',
      'Release it inside the block that acquired it, on every way out of it.',
    ])
  })

  test('held where the block that acquired it ends', () => {
    let at = ''
    const lines = report((b) => {
      at = here(1)
      b.acquire(get, [], { some: () => {} })
      b.return(0)
    })
    expect(lines.slice(0, 2)).toEqual(['LEAKED_REFERENCE', `this thing is not released on every way (${at})`])
  })

  test.each(['break', 'continue'] as const)('held at a %s', (word) => {
    let at = ''
    const lines = report((b) => {
      b.for(3, () => {
        at = here(1)
        b.acquire(get, [], { some: () => b[word]() })
      })
      b.return(0)
    })
    expect(lines.slice(0, 3)).toEqual([
      'LEAKED_REFERENCE',
      `this thing is not released on every way (${at})`,
      `It is released on one way and held on another at this ${word}.`,
    ])
  })

  test('used after its release', () => {
    let at = ''
    const lines = report((b) => {
      b.acquire(get, [], {
        some: (thing) => {
          b.kfunc(put, [thing])
          at = here(1)
          b.kfunc(poke, [thing])
        },
      })
    })
    expect(lines).toEqual(['USE_AFTER_RELEASE', `the thing is used after it was released (${at})`])
  })

  test('read or written after its release', () => {
    const use = (how: 'read' | 'write'): string[] =>
      report((b) => {
        b.acquire(get, [], {
          some: (thing) => {
            b.kfunc(put, [thing])
            if (how === 'read') thing.mark.eq(1)
            else b.assign(thing, { mark: 1 })
          },
        })
      })
    expect(use('read')[0]).toBe('USE_AFTER_RELEASE')
    expect(use('write')[0]).toBe('USE_AFTER_RELEASE')
  })

  test('of another type than the kfunc takes', () => {
    let at = ''
    const lines = report((b) => {
      b.acquire(getOther, [], {
        some: (other) => {
          at = here(1)
          b.kfunc(poke, [other as never])
        },
      })
    })
    expect(lines).toEqual(['ARGUMENT', `thing_poke takes a thing, got a other (${at})`])
  })
})

describe('scopes', () => {
  const hint = 'Use it inside that block, or carry it out in a variable made before with b.variable(…).'

  test('a value used after its block', () => {
    let at = ''
    const lines = report((b, { c }) => {
      let kept = c
      b.if(c.eq(1), () => {
        kept = b.random()
      })
      at = here(1)
      b.return(kept)
    })
    expect(lines).toEqual([
      'OUT_OF_SCOPE',
      `a value of type u32 is used after the block it was made in has ended (${at})`,
      hint,
    ])
  })

  test('a value used after its loop', () => {
    const lines = report((b, { c }) => {
      let kept = c
      b.for(2, () => {
        kept = b.random()
      })
      b.return(kept)
    })
    expect(lines[1]).toMatch(/^a value of type u32 is used after the loop it was made in has ended/)
  })

  test('a map element, an acquired object, a map used after their blocks', () => {
    const element = report((b) => {
      let kept: RefOf<typeof Value> | undefined
      b.lookup(values, 0, {
        hit: (value) => {
          kept = value
        },
      })
      b.return(kept?.n ?? 0)
    })
    expect(element[1]).toMatch(/^values is used after the block it was made in has ended/)
    const object = report((b) => {
      let kept: { readonly mark: never } | undefined
      b.acquire(get, [], {
        some: (thing) => {
          kept = thing as never
          b.kfunc(put, [thing])
        },
      })
      b.return(kept?.mark ?? 0)
    })
    expect(object[1]).toMatch(/^the thing is used after the block it was made in has ended/)
  })

  test('a condition used after its block', () => {
    let at = ''
    const lines = report((b, { c }) => {
      let kept = c.eq(0)
      b.if(kept, () => {
        kept = b.random().eq(1)
      })
      at = here(1)
      b.if(kept, () => b.return(1))
      b.return(0)
    })
    expect(lines).toEqual([
      'OUT_OF_SCOPE',
      `a condition is used after the block it was made in has ended (${at})`,
      hint,
    ])
  })

  test('a variable used after its block', () => {
    let at = ''
    const lines = report((b, { c }) => {
      let kept = b.variable(u32, 0)
      b.if(c.eq(1), () => {
        kept = b.variable(u32, 1)
      })
      at = here(1)
      b.return(kept.get())
    })
    expect(lines).toEqual([
      'OUT_OF_SCOPE',
      `a variable of type u32 is used after the block it was made in has ended (${at})`,
      hint,
    ])
  })

  test('a packet used after its block', () => {
    const write: Write = (b, { c }) => {
      let kept: ReturnType<ProgramBuilder['packet']> | undefined
      b.if(c.eq(1), () => {
        kept = b.packet(skbOf(b))
      })
      kept?.header(Ipv4Header, { at: 0, otherwise: 0 })
    }
    expect(report(write)[1]).toMatch(/^the packet is used after the block it was made in has ended/)
  })
})

describe('what can never run', () => {
  const cases: readonly (readonly [string, (b: ProgramBuilder, input: RefOf<typeof Input>) => void])[] = [
    ['this statement can never run: every way to it has returned', (b) => b.random()],
    ['this statement can never run: every way to it has returned', (b) => b.return(1)],
    ['this statement can never run: every way to it has returned', (b) => b.stack(Value)],
    ['this statement can never run: every way to it has returned', (b) => b.variable(u32, 1)],
  ]
  test.each(cases)('%s (%#)', (text, statement) => {
    let at = ''
    const lines = report((b, input) => {
      b.return(0)
      at = here(1)
      statement(b, input)
    })
    expect(lines[0]).toBe('UNREACHABLE')
    expect(lines[1]).toMatch(new RegExp(`^${text.replace(/[()]/g, '.')} \\(errors\\.test\\.ts:\\d+\\)$`))
    expect(at).not.toBe('')
  })

  test('a return, a condition, a variable, an assignment after a return', () => {
    const after = (statement: (b: ProgramBuilder, input: RefOf<typeof Input>) => void): string =>
      failure((b, input) => {
        const { c } = input
        const known = { input: input, c }
        b.return(0)
        statement(b, known.input)
      }).message.replace(/ \(.*$/, '')
    const [condition, variable, value] = [{ it: '' }, { it: '' }, { it: '' }]
    condition.it = failure((b, { c }) => {
      const c1 = c.eq(1)
      b.return(0)
      b.if(c1, () => {})
    }).message
    variable.it = failure((b, { c }) => {
      const v = b.variable(u32, 0)
      b.return(0)
      v.set(c)
    }).message
    value.it = failure((b, { c }) => {
      b.return(c)
      b.return(c)
    }).message
    expect(condition.it).toMatch(/^this condition can never run: every way to it has returned \(errors/)
    expect(variable.it).toMatch(/^this assignment can never run: every way to it has returned \(errors/)
    expect(value.it).toMatch(/^this return can never run: every way to it has returned \(errors/)
    expect(after((b) => b.for(2, () => {}))).toBe(
      'this statement can never run: every way to it has returned',
    )
  })

  test('reading a variable after a return', () => {
    const { code, message } = failure((b) => {
      const v = b.variable(u32, 0)
      b.return(0)
      v.get()
    })
    expect(code).toBe('UNREACHABLE')
    expect(message).toMatch(/^this statement can never run: every way to it has returned \(errors/)
  })
})

describe('ends', () => {
  test('a program without a return names the line of tc(…)', () => {
    const at = here(1)
    const build = (): unknown => tc('endless', (b) => b.if(b.random().eq(0), () => b.return(0)))
    expect(build).toThrow(`endless can reach its end without b.return(…) (${at})`)
  })

  test('an otherwise that falls through', () => {
    let at = ''
    const lines = report((b) => {
      at = here(1)
      b.lookup(values, 1, { otherwise: () => {} })
    })
    expect(lines).toEqual([
      'OTHERWISE_FALLS_THROUGH',
      `\`otherwise\` must end with a return, break or continue (${at})`,
    ])
  })

  test.each(['break', 'continue'] as const)('%s outside of a loop', (word) => {
    let at = ''
    const lines = report((b) => {
      at = here(1)
      b[word]()
    })
    expect(lines).toEqual(['NO_LOOP', `b.${word}() outside of a loop (${at})`])
  })

  test('a break inside a block that belongs to no loop any more', () => {
    expect(
      report((b) => {
        b.for(1, () => {})
        b.break()
      })[0],
    ).toBe('NO_LOOP')
  })
})

describe('literals', () => {
  const literal = (write: Write): string => failure(write).message.replace(/ \(errors\.test\.ts:\d+\)$/, '')

  test('that do not fit', () => {
    expect(literal((b, { c }) => b.if(c.eq(-1), () => {}))).toBe('-1 does not fit u32 (0..4294967295)')
    expect(literal((b, { c }) => b.if(c.eq(2 ** 32), () => {}))).toBe(
      '4294967296 does not fit u32 (0..4294967295)',
    )
    expect(literal((_, { e }) => e.add(2 ** 31))).toBe(
      '2147483648 does not fit s32 (-2147483648..2147483647)',
    )
    expect(literal((_, { a }) => a.add(2n ** 64n))).toBe(
      '18446744073709551616 does not fit u64 (0..18446744073709551615)',
    )
    expect(literal((b) => b.stack(Value, { port: 65536 }))).toBe('65536 does not fit be16 (0..65535)')
    expect(literal((b) => b.variable(u8, 256))).toBe('256 does not fit u8 (0..255)')
  })

  test('that are no integers', () => {
    expect(literal((_, { c }) => c.add(1.5))).toBe('1.5 is not an integer')
    expect(literal((_, { c }) => c.add(Number.NaN))).toBe('NaN is not an integer')
  })

  test('shifts by as many bits as the value has, or more', () => {
    expect(literal((_, { c }) => c.shl(32))).toBe('a u32 can be shifted by 0..31 bits, not 32')
    expect(literal((_, { a }) => a.shr(64))).toBe('a u64 can be shifted by 0..63 bits, not 64')
    expect(literal((_, { e }) => e.shr(-1))).toBe('a s32 can be shifted by 0..31 bits, not -1')
  })

  test('division by a literal zero', () => {
    expect(literal((_, { c }) => c.div(0))).toBe('division by zero')
    expect(literal((_, { a }) => a.mod(0n))).toBe('division by zero')
  })

  test('loop counts', () => {
    expect(literal((b) => b.for(0, () => {}))).toBe("a loop's count must be a positive integer, got 0")
    expect(literal((b) => b.for(1.5, () => {}))).toBe("a loop's count must be a positive integer, got 1.5")
  })
})

describe('memory', () => {
  test('a field that the struct does not have', () => {
    let at = ''
    const lines = report((b) => {
      at = here(1)
      b.stack(Value, { nothing: 1 } as never)
    })
    expect(lines).toEqual([
      'NO_FIELD',
      `struct value has no field "nothing" (${at})`,
      'Its fields: n, port, list.',
    ])
  })

  test('a member that the kernel type does not declare', () => {
    const lines = report((b) => {
      b.acquire(get, [], { some: (thing) => b.assign(thing, { nothing: 1 } as never) })
    })
    expect(lines[1]).toMatch(/^thing declares no member "nothing" \(errors/)
  })

  test('an index beyond an array, and a list of the wrong length', () => {
    expect(failure((b) => b.stack(Value).list.at(4)).message).toMatch(
      /^value\.list\[4\] is beyond its 4 elements \(errors/,
    )
    expect(failure((b) => b.stack(Value, { list: [1, 2] })).message).toMatch(
      /^value\.list has 4 elements, got 2 \(errors/,
    )
  })

  test('an atomic operation on a field that has none', () => {
    expect(failure((b) => b.atomicAdd(b.stack(Value), { port: 1 } as never)).message).toMatch(
      /^value\.port is not a 32- or 64-bit host-order field \(errors/,
    )
  })

  test('more stack than there is: with a table of who uses it', () => {
    const Big = struct('big', { bytes: array(u64, 40) })
    const show = kfunc('show', [memory(Big)], 'void', '6.1')
    const build = (): unknown =>
      tc('deep', (b) => {
        b.kfunc(show, [b.stack(Big)])
        b.kfunc(show, [b.stack(Big)])
        b.return(0)
      })
    expect(build).toThrow(StackOverflowError)
    try {
      build()
    } catch (error) {
      const { code, message, details, hint } = error as StackOverflowError
      expect([code, message, hint]).toEqual([
        'STACK_OVERFLOW',
        'deep needs 640 bytes of stack, BPF allows 512',
        'Keep large objects in a per-CPU array map.',
      ])
      expect(details.split('\n').slice(0, 3)).toEqual(['bytes  object', '   320  big', '   320  big'])
    }
  })

  test('two maps of one name', () => {
    const twin = hash('values', struct('k', { k: u32 }), Value, { maxEntries: 1 })
    let at = ''
    const lines = report((b) => {
      b.lookup(values, 0, { otherwise: 0 })
      at = here(1)
      b.lookup(twin, { k: 1 }, { otherwise: 0 })
    })
    expect(lines).toEqual(['MAP_NAME', `two different maps are called "values" (${at})`])
  })
})

describe('names', () => {
  test.each(['', 'a-b', 'sixteen_letters_', 'spa ce'])('program name %j', (name) => {
    const at = here(1)
    const build = (): unknown => tc(name, (b) => b.return(TC_ACT_OK))
    expect(build).toThrow(`program name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ . (${at})`)
  })

  test.each(['', 'a-b', 'sixteen_letters_'])('map name %j', (name) => {
    expect(() => arrayMap(name, Value, { maxEntries: 1 })).toThrow(
      new RangeError(`map name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ .`),
    )
  })

  test.each([0, -1, 1.5, 2 ** 32])('a map of %j entries', (maxEntries) => {
    expect(() => arrayMap('some', Value, { maxEntries })).toThrow(
      new RangeError(`map "some": maxEntries must be 1..4294967295, got ${maxEntries}`),
    )
  })

  test('a map key with padding that nobody would set', () => {
    const holed = struct('holed', { a: u8, b: u32 })
    expect(() => hash('some', holed, Value, { maxEntries: 1 })).toThrow(
      new RangeError(
        'map "some": its key struct holed has 3 bytes of implicit padding at offset 1; add a field there',
      ),
    )
    const nested = struct('nested', { x: u64, inner: holed, list: array(holed, 2), y: u16, z: u16 })
    expect(() => hash('some', nested, Value, { maxEntries: 1 })).toThrow(
      new RangeError(
        'map "some": its key struct nested has 3 bytes of implicit padding at offset 9; add a field there',
      ),
    )
  })
})

describe('positions', () => {
  test('every instruction names the statement of the author that emitted it', () => {
    let lookupAt = ''
    let ifAt = ''
    const { spec } = program((b) => {
      lookupAt = here(1)
      const value = b.lookup(values, 1, { otherwise: 0 })
      ifAt = here(1)
      b.if(value.n.eq(5), () => b.return(1))
      b.return(0)
    })
    const at = (index: number): string => {
      const { source } = spec.instructions[index] ?? {}
      return source === undefined
        ? ''
        : `${source.file.slice(source.file.lastIndexOf('/') + 1)}:${source.line}`
    }
    const places = spec.instructions.map((_, i) => at(i))
    const call = spec.instructions.findLastIndex((i) => i.symbol?.kind === 'helper')
    expect(at(call)).toBe(lookupAt)
    expect(places).toContain(ifAt)
    expect(places.every((place) => /^(errors\.test|compile-and-run)\.ts:\d+$/.test(place))).toBe(true)
  })
})

function skbOf(b: ProgramBuilder): never {
  return b.stack(struct('any', { x: u64 })) as never
}
