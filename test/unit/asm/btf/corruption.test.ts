import fc from 'fast-check'
import { expect, test } from 'vitest'
import { relocateSplit } from '../../../../src/asm/btf/distilled-base.ts'
import { BtfError } from '../../../../src/asm/btf/error.ts'
import { memberPath, resolve, sizeOf } from '../../../../src/asm/btf/layout.ts'
import { describePrototype } from '../../../../src/asm/btf/prototype.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { renderC } from '../../../../src/asm/btf/render/c.ts'
import { renderTypeScript } from '../../../../src/asm/btf/render/typescript.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import { typeGraph } from './arbitrary-types.ts'

/** Runs `action`; any error but a BtfError is a failure of the test. */
function tolerate(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof BtfError)) throw error
  }
}

/** Asks every question there is about a blob. */
function interrogate(bytes: Uint8Array): void {
  const btf = Btf.parse(bytes)
  for (let id = 0; id <= btf.typeCount + 1; id++) {
    tolerate(() => btf.type(id))
    tolerate(() => btf.kind(id))
    tolerate(() => resolve(btf, id))
    tolerate(() => sizeOf(btf, id))
    tolerate(() => describePrototype(btf, id))
    tolerate(() => memberPath(btf, id, 'absent'))
    tolerate(() => memberPath(btf, id, 'a[1].b'))
    tolerate(() => renderC(btf, [id]))
    tolerate(() => renderTypeScript(btf, [id]))
  }
  btf.findByName('absent')
  btf.findAll(['a', 'b', 'absent'], 'struct')
}

const graphs = typeGraph(10).map((types) => {
  const writer = new BtfWriter()
  for (const type of types) writer.add(type)
  return writer.finish()
})

test('any graph of types, cyclic ones included, gets an answer or a BtfError', () => {
  fc.assert(
    fc.property(graphs, (bytes) => interrogate(bytes)),
    { numRuns: 300 },
  )
})

test('names that every JavaScript object has are names like any other', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty']) {
    const writer = new BtfWriter()
    const alias = writer.typedef(name, writer.int('unsigned int', 4))
    writer.struct(name, 4, [{ name, type: alias, bitOffset: 0 }])
    interrogate(writer.finish())
  }
})

test('any damage to the bytes gets an answer or a BtfError', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(graphs, damage, (bytes, changes) => {
      for (const [where, value] of changes) bytes[where % bytes.length] = value
      tolerate(() => interrogate(bytes))
    }),
    { numRuns: 500 },
  )
})

test('any cut gets an answer or a BtfError, and no cut that loses bytes is taken for whole', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (bytes, length) => {
      expect(() => Btf.parse(bytes.subarray(0, length % bytes.length))).toThrow(BtfError)
    }),
    { numRuns: 300 },
  )
})

test('a type that doubles at every level is refused, not written out', () => {
  const writer = new BtfWriter()
  let inner = writer.int('int', 4)
  for (let level = 0; level < 40; level++)
    inner = writer.union('', 4, [
      { name: '', type: inner, bitOffset: 0 },
      { name: '', type: inner, bitOffset: 0 },
    ])
  const outer = writer.struct('outer', 4, [{ name: 'a', type: inner, bitOffset: 0 }])
  const btf = Btf.parse(writer.finish())
  expect(() => renderC(btf, [outer])).toThrow(BtfError)
  expect(renderTypeScript(btf, [outer]).length).toBeLessThan(1000)
})

test('split BTF on a distilled base moves to any kernel, or gets a BtfError', () => {
  const base = new BtfWriter()
  base.int('int', 4, { signed: true })
  base.struct('task', 8, [])
  const distilled = base.finish()
  const writer = new BtfWriter(Btf.parse(distilled))
  writer.struct('mine', 16, [{ name: 'task', type: 2, bitOffset: 0 }])
  const split = writer.finish()
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 })
  fc.assert(
    fc.property(graphs, damage, damage, (kernel, inSplit, inDistilled) => {
      const [a, b] = [split.slice(), distilled.slice()]
      for (const [where, value] of inSplit) a[where % a.length] = value
      for (const [where, value] of inDistilled) b[where % b.length] = value
      tolerate(() => relocateSplit(a, b, Btf.parse(kernel)))
      tolerate(() => relocateSplit(a, b, Btf.parse(distilled)))
    }),
    { numRuns: 300 },
  )
})

test('random bytes behind a good magic get an answer or a BtfError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      bytes.set([0x9f, 0xeb, 1, 0, 24, 0, 0, 0].slice(0, bytes.length))
      tolerate(() => interrogate(bytes))
    }),
    { numRuns: 500 },
  )
})
