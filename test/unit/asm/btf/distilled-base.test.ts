import { describe, expect, test } from 'vitest'
import { relocateSplit } from '../../../../src/asm/btf/distilled-base.ts'
import { BtfError } from '../../../../src/asm/btf/error.ts'
import { memberPath } from '../../../../src/asm/btf/layout.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

/** A kernel in which the types have other ids than in the distilled base. */
function kernel(options: { readonly pairSize?: number; readonly twice?: boolean } = {}): Btf {
  const writer = new BtfWriter()
  for (let i = 0; i < 10; i++) writer.fwd(`filler_${i}`)
  const long = writer.int('long', 8, { signed: true })
  const int = writer.int('int', 4, { signed: true })
  const pair = () =>
    writer.struct('pair', options.pairSize ?? 16, [
      { name: 'a', type: long, bitOffset: 0 },
      { name: 'b', type: int, bitOffset: 64 },
    ])
  pair()
  if (options.twice) pair()
  writer.struct('task', 8, [{ name: 'pid', type: int, bitOffset: 0 }])
  return Btf.parse(writer.finish())
}

/** As pahole distils it: sizes only for what the module holds by value. */
function module(): { readonly distilled: Uint8Array; readonly split: Uint8Array } {
  const base = new BtfWriter()
  const int = base.int('int', 4, { signed: true })
  const pair = base.struct('pair', 16, [])
  const task = base.fwd('task')
  const distilled = base.finish()
  const writer = new BtfWriter(Btf.parse(distilled))
  const taskPointer = writer.ptr(task)
  writer.struct('mine', 32, [
    { name: 'pair', type: pair, bitOffset: 0 },
    { name: 'task', type: taskPointer, bitOffset: 128 },
    { name: 'count', type: int, bitOffset: 192 },
  ])
  writer.func('my_kfunc', writer.funcProto(int, [{ name: 'task', type: taskPointer }]), 'global')
  return { distilled, split: writer.finish() }
}

describe('relocateSplit', () => {
  test('the module’s types refer to the kernel’s, found by name, kind and size', () => {
    const { split, distilled } = module()
    const base = kernel()
    const moved = relocateSplit(split, distilled, base)
    expect(moved.base).toBe(base)
    expect(moved.firstId).toBe(base.typeCount + 1)
    expect(memberPath(moved, 'mine', 'pair.b')).toMatchObject({ offset: 8, size: 4 })
    const task = moved.type(memberPath(moved, 'mine', 'task').typeId)
    expect(task).toEqual({ kind: 'ptr', type: base.findByName('task', 'struct') })
    expect(moved.findByName('my_kfunc', 'func')).toBeGreaterThan(base.typeCount)
  })

  test('a type of another size, a missing one and an ambiguous one are errors', () => {
    const { split, distilled } = module()
    expect(() => relocateSplit(split, distilled, kernel({ pairSize: 24 }))).toThrow(/struct "pair"/)
    expect(() => relocateSplit(split, distilled, kernel({ twice: true }))).toThrow(/several types/)
    const empty = new BtfWriter()
    empty.int('int', 4, { signed: true })
    expect(() => relocateSplit(split, distilled, Btf.parse(empty.finish()))).toThrow(BtfError)
  })
})
