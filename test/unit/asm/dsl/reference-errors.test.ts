import { describe, expect, test } from 'vitest'
import { kernelType } from '../../../../src/asm/dsl/kernel/kernel-type.ts'
import { acquired, borrowed, consumed, kfunc } from '../../../../src/asm/dsl/kernel/kfunc.ts'
import { array as arrayMap } from '../../../../src/asm/dsl/map/definition.ts'
import type { RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import { u32 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import { Ipv4Header } from '../../../../src/asm/packet/ipv4.ts'
import { here, report, type Write } from './build-failure.ts'

const Thing = kernelType('thing', { mark: u32 })
const Other = kernelType('other', { mark: u32 })
const get = kfunc('thing_get', [], acquired(Thing), '6.1')
const put = kfunc('thing_put', [consumed(Thing)], 'void', '6.1')
const poke = kfunc('thing_poke', [borrowed(Thing)], 'void', '6.1')
const getOther = kfunc('other_get', [], acquired(Other), '6.1')
const Value = struct('value', { n: u32 })
const values = arrayMap('values', Value, { maxEntries: 4 })

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
    const write: Write = (b, { c }, skb) => {
      let kept = b.packet(skb)
      b.if(c.eq(1), () => {
        kept = b.packet(skb)
      })
      kept.header(Ipv4Header, { at: 0, otherwise: 0 })
    }
    expect(report(write)[1]).toMatch(/^the packet is used after the block it was made in has ended/)
  })
})
