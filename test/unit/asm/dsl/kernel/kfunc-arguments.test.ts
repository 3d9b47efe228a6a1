import { expect, test } from 'vitest'
import { kernelType } from '../../../../../src/asm/dsl/kernel/kernel-type.ts'
import { found, kfunc, sized } from '../../../../../src/asm/dsl/kernel/kfunc.ts'
import { tc } from '../../../../../src/asm/dsl/program/program.ts'
import { s32, u32 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import { KernelLayout, KernelObject } from '../../../../../src/asm/vm/kernel-object.ts'
import { runTc } from '../../../../../src/asm/vm/run-tc.ts'
import { here, report } from '../build-failure.ts'

const Thing = kernelType('thing', { mark: u32 })
const Pair = struct('pair', { a: u32, b: u32 })
const measure = kfunc('measure', [sized(Pair)], s32, '6.1')
const findThing = kfunc('find_thing', [u32], found(Thing), '6.1')

test('memory goes with its size, as two parameters', () => {
  expect(measure.spec.parameters).toEqual(['pair *', 'u32'])
  const sizes: number[] = []
  const program = tc('measure', (b) => {
    const pair = b.stack(Pair, { a: 1, b: 2 })
    b.kfunc(measure, [pair])
    b.kfunc(measure, [{ memory: pair, length: 4 }])
    b.kfunc(measure, [{ memory: pair, length: pair.a }])
    b.return(0)
  })
  runTc(program, new Uint8Array(64), {
    kfuncs: {
      measure: (call) => {
        sizes.push(call.u32(1))
        return 0
      },
    },
  })
  expect(sizes).toEqual([8, 4, 1])
})

test('more memory than there is', () => {
  let at = ''
  const lines = report((b) => {
    const pair = b.stack(Pair)
    at = here(1)
    b.kfunc(measure, [{ memory: pair, length: 9 }])
  })
  expect(lines).toEqual(['ARGUMENT', `measure is given 9 bytes of pair, which has 8 (${at})`])
})

test('an object that was found needs no release', () => {
  const layout = new KernelLayout()
  const thing = new KernelObject(layout, 'thing', { mark: 7 })
  const program = tc('find', (b) => {
    b.find(findThing, [1], { some: ({ mark }) => b.return(mark) })
    b.return(9)
  })
  const run = (there: boolean): number =>
    runTc(program, new Uint8Array(64), {
      layout,
      kfuncs: {
        find_thing: ({ machine }) => (there ? machine.memory.handle(thing, 'thing', thing.bytes) : 0),
      },
    }).verdict
  expect([run(true), run(false)]).toEqual([7, 9])
})
