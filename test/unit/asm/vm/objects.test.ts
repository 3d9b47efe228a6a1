import { describe, expect, test } from 'vitest'
import { mov64 } from '../../../../src/asm/isa/alu.ts'
import { callKfunc } from '../../../../src/asm/isa/call.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { loadMap, loadMapValue } from '../../../../src/asm/isa/load-imm64.ts'
import { load, store } from '../../../../src/asm/isa/memory.ts'
import { r0, r1 } from '../../../../src/asm/isa/registers.ts'
import { MemoryAccessError } from '../../../../src/asm/vm/errors.ts'
import { KernelLayout, KernelObject } from '../../../../src/asm/vm/kernel-object.ts'
import { Machine } from '../../../../src/asm/vm/machine.ts'
import { createMap } from '../../../../src/asm/vm/map/maps.ts'
import { failure, run } from './run-instructions.ts'

describe('maps and objects', () => {
  const map = createMap({ name: 'm', type: 'array', keySize: 4, valueSize: 8, maxEntries: 2, flags: 0 })
  const maps = new Map([['m', map]])

  test('a map is a handle that cannot be read', () => {
    const error = failure(() => run([loadMap(r1, 'm'), load(8, r0, r1, 0), exit()], undefined, { maps }))
    expect(error.message).toMatch(/map m cannot be read or written directly$/)
  })

  test('the value of an array can be addressed directly', () => {
    map.update(new Uint8Array(4), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0, 0)
    expect(run([loadMapValue(r1, 'm', 4), load(2, r0, r1, 0), exit()], undefined, { maps })).toBe(0x0605n)
    expect(
      failure(() => run([loadMapValue(r1, 'm', 4), load(8, r0, r1, 0), exit()], undefined, { maps })),
    ).toBeInstanceOf(MemoryAccessError)
  })

  test('maps that nobody gave', () => {
    expect(() => new Machine([loadMap(r1, 'other'), exit()], { maps })).toThrow(
      'there is no map "other" in this interpreter',
    )
  })

  test('members of kernel objects are found by their paths', () => {
    const layout = new KernelLayout()
    const object = new KernelObject(layout, 'thing', { 'a.b[1].c': 0x1234n })
    const member = (path: string, size: number) =>
      ({ symbol: { kind: 'field', struct: 'thing', path, size } }) as const
    const body = [
      callKfunc('get'),
      mov64(r1, r0),
      annotate(load(4, r0, r1, 0), member('a.b[1].c', 4)),
      annotate(store(4, r1, 0, r0), member('other', 4)),
      exit(),
    ]
    const kfuncs = {
      get: (call: { machine: Machine }) => call.machine.memory.handle(object, 'a thing', object.bytes),
    }
    expect(run(body, undefined, { kfuncs, layout })).toBe(0x1234n)
    expect(object.get('other')).toBe(0x1234n)
  })
})
