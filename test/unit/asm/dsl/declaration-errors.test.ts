import { describe, expect, test } from 'vitest'
import { kernelType } from '../../../../src/asm/dsl/kernel/kernel-type.ts'
import { acquired, kfunc, memory } from '../../../../src/asm/dsl/kernel/kfunc.ts'
import { array as arrayMap, hash } from '../../../../src/asm/dsl/map/definition.ts'
import { TC_ACT_OK } from '../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { StackOverflowError } from '../../../../src/asm/ir/machine/stack.ts'
import { be16, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import { failure, here, report } from './build-failure.ts'
import { program } from './compile-and-run.ts'

const Thing = kernelType('thing', { mark: u32 })
const get = kfunc('thing_get', [], acquired(Thing), '6.1')
const Value = struct('value', { n: u32, port: be16, list: array(u8, 4) })
const values = arrayMap('values', Value, { maxEntries: 4 })

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
    expect(lines[1]).toMatch(/^thing declares no member "nothing" \(declaration-errors/)
  })

  test('an index beyond an array, and a list of the wrong length', () => {
    expect(failure((b) => b.stack(Value).list.at(4)).message).toMatch(
      /^value\.list\[4\] is beyond its 4 elements \(declaration-errors/,
    )
    expect(failure((b) => b.stack(Value, { list: [1, 2] })).message).toMatch(
      /^value\.list has 4 elements, got 2 \(declaration-errors/,
    )
  })

  test('an atomic operation on a field that has none', () => {
    expect(failure((b) => b.atomicAdd(b.stack(Value), { port: 1 } as never)).message).toMatch(
      /^value\.port is not a 32- or 64-bit host-order field \(declaration-errors/,
    )
  })

  test('more stack than there is: with a table of who uses it', () => {
    const Big = struct('big', { bytes: array(u64, 40) })
    const show = kfunc('show', [memory(Big), memory(Big)], 'void', '6.1')
    const at = here(3)
    const build = (): unknown =>
      tc('deep', (b) => {
        b.kfunc(show, [b.stack(Big), b.stack(Big)])
        b.return(0)
      })
    expect(build).toThrow(StackOverflowError)
    try {
      build()
    } catch (error) {
      const { code, message, details, hint } = error as StackOverflowError
      expect([code, message, hint]).toEqual([
        'STACK_OVERFLOW',
        `deep needs 640 bytes of stack, BPF allows 512 (${at})`,
        'Keep large objects in a per-CPU array map.',
      ])
      expect(details.split('\n')).toEqual(['bytes  object', `  320  big (${at})`, `  320  big (${at})`])
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
    expect(places.every((place) => /^(declaration-errors\.test|compile-and-run)\.ts:\d+$/.test(place))).toBe(
      true,
    )
  })
})
