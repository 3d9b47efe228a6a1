import { describe, expect, test } from 'vitest'
import { add64, mov32, mov64, sub64 } from '../../../../src/asm/isa/alu.ts'
import { callHelper, callKfunc, callKfuncById, callLocal } from '../../../../src/asm/isa/call.ts'
import { annotate, rawInstruction } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, gotol, ja, jeq64, jne64, mayGoto } from '../../../../src/asm/isa/jump.ts'
import { loadFunction, loadImm64, loadMap, loadMapValue } from '../../../../src/asm/isa/load-imm64.ts'
import {
  atomic,
  load,
  loadAbsolute,
  loadAcquire,
  loadIndirect,
  loadSigned,
  store,
  storeRelease,
} from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 } from '../../../../src/asm/isa/registers.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'
import {
  CallDepthError,
  InstructionLimitError,
  MemoryAccessError,
  UnknownCallError,
  UnsupportedInstructionError,
  VmError,
} from '../../../../src/asm/vm/errors.ts'
import { generalHelpers } from '../../../../src/asm/vm/helpers.ts'
import { KernelLayout, KernelObject } from '../../../../src/asm/vm/kernel-object.ts'
import { Machine, type MachineOptions } from '../../../../src/asm/vm/machine.ts'
import { createMap } from '../../../../src/asm/vm/map/maps.ts'

/** Runs instructions with r1 pointing at `bytes`. */
function run(body: readonly Instruction[], bytes = new Uint8Array(16), options: MachineOptions = {}): bigint {
  return new Machine(body, options).run((memory) => [memory.map('the input', bytes), bytes.byteLength])
}

/** How errors begin that are about the instruction at `index`. */
function at(body: readonly Instruction[], index: number, name = 'program'): string {
  const instruction = body[index]
  if (instruction === undefined) throw new Error(`there is no instruction ${index}`)
  return `${name}, instruction ${index} (${pseudoC(instruction)})`
}

function failure(act: () => unknown): VmError {
  try {
    act()
  } catch (error) {
    if (error instanceof VmError) return error
    throw error
  }
  throw new Error('it went well')
}

describe('memory', () => {
  const bytes = Uint8Array.of(0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 1, 2, 3, 4)

  test.each([
    [1, 0x82n],
    [2, 0x8382n],
    [4, 0x85848382n],
    [8, 0x0188878685848382n],
  ] as const)('loads of %i bytes are zero-extended, little-endian, unaligned', (size, expected) => {
    expect(run([load(size, r0, r1, 1), exit()], bytes)).toBe(expected)
    expect(run([loadAcquire(size, r0, r1, 1), exit()], bytes)).toBe(expected)
  })

  test.each([
    [1, -0x7en],
    [2, -0x7c7en],
    [4, -0x7a7b7c7en],
  ] as const)('sign-extending loads of %i bytes', (size, expected) => {
    expect(BigInt.asIntN(64, run([loadSigned(size, r0, r1, 1), exit()], bytes))).toBe(expected)
  })

  test.each([1, 2, 4, 8] as const)('stores of %i bytes change nothing beside them', (size) => {
    for (const how of ['register', 'release', 'immediate'] as const) {
      const target = new Uint8Array(12).fill(0xee)
      const write =
        how === 'register'
          ? store(size, r1, 2, r3)
          : how === 'release'
            ? storeRelease(size, r1, 2, r3)
            : store(size, r1, 2, -2)
      run([loadImm64(r3, -2n), write, mov64(r0, 0), exit()], target)
      const expected = new Array(12).fill(0xee)
      for (let i = 0; i < size; i++) expected[2 + i] = i === 0 ? 0xfe : 0xff
      expect([...target]).toEqual(expected)
    }
  })

  test('the stack is 512 bytes, and holds garbage at first', () => {
    expect(run([store(8, r10, -512, 5), load(8, r0, r10, -512), exit()])).toBe(5n)
    expect(run([load(8, r0, r10, -8), exit()])).not.toBe(0n)
    expect(failure(() => run([load(8, r0, r10, -520), exit()])).message).toMatch(
      /: outside of the stack, 8 bytes before its 512 bytes$/,
    )
    const beyond = [load(1, r0, r10, 0), exit()]
    expect(failure(() => run(beyond)).message).toBe(
      `${at(beyond, 0)}: read of 1 byte at 0x10200: outside of the stack, at offset 512 of its 512 bytes`,
    )
  })

  test.each<[string, readonly Instruction[], string, string]>([
    [
      'behind a region',
      [load(4, r0, r1, 14), exit()],
      'read of 4 bytes at 0x2000e: outside of the input, at offset 14 of its 16 bytes',
      'Check the bounds before the access.',
    ],
    [
      'through a null pointer',
      [mov64(r1, 0), store(8, r1, 24, 1), exit()],
      'write of 8 bytes at 0x18, where there is no memory',
      'It is a null pointer, or a number close to 0.',
    ],
    [
      'through a number',
      [loadImm64(r1, 0x1234_5678_9abcn), load(1, r0, r1, 0), exit()],
      'read of 1 byte at 0x123456789abc, where there is no memory',
      'It is no pointer, or one to memory that is gone.',
    ],
    [
      'atomic and not aligned',
      [mov64(r2, 1), atomic('add', 8, r1, 4, r2), exit()],
      'atomic operation on 8 bytes at offset 4 of the input',
      'It must be aligned to 8 bytes.',
    ],
  ])('%s', (_, body, message, hint) => {
    const error = failure(() => run(body))
    expect(error).toBeInstanceOf(MemoryAccessError)
    expect([error.code, error.message, error.hint]).toEqual([
      'VM_MEMORY_ACCESS',
      `${at(body, body.length - 2)}: ${message}`,
      hint,
    ])
  })

  test('pointers with a set upper half point nowhere', () => {
    const body = [loadImm64(r2, 1n << 40n), add64(r1, r2), load(1, r0, r1, 0), exit()]
    expect(failure(() => run(body))).toBeInstanceOf(MemoryAccessError)
  })

  test('read-only memory', () => {
    const machine = new Machine([store(1, r1, 0, 1), exit()])
    const error = failure(() => machine.run((memory) => [memory.map('the rules', new Uint8Array(4), false)]))
    expect(error.message).toMatch(/write of 1 byte at 0x[0-9a-f]+: the rules is read-only$/)
  })

  test('errors name the line that emitted the instruction', () => {
    const source = { file: '/somewhere/lb.ts', line: 42, column: 3 }
    const body = [mov64(r1, 0), annotate(load(1, r0, r1, 0), { source }), exit()]
    const start = at(body, 1, 'lb').slice(0, -1)
    expect(
      failure(() => run(body, undefined, { name: 'lb' })).message.startsWith(`${start}, lb.ts:42): read`),
    ).toBe(true)
  })

  test('registers that nobody has set are no pointers', () => {
    expect(failure(() => run([load(1, r0, r9, 0), exit()]))).toBeInstanceOf(MemoryAccessError)
  })
})

describe('atomics', () => {
  const word = (
    body: readonly Instruction[],
    before: bigint,
    value: bigint,
    compare = 0n,
  ): [bigint, bigint] => {
    const bytes = new Uint8Array(8)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(0, before, true)
    const result = run([loadImm64(r2, value), loadImm64(r0, compare), ...body], bytes)
    return [result, view.getBigUint64(0, true)]
  }
  const old = 0xffff_ffff_8000_0001n
  const value = 0x0000_0001_8000_0003n
  const operations = {
    add: old + value,
    or: old | value,
    and: old & value,
    xor: old ^ value,
  } as const

  for (const [name, result] of Object.entries(operations)) {
    const op = name as keyof typeof operations
    test(op, () => {
      const u64 = BigInt.asUintN(64, result)
      const u32 = (old & ~0xffff_ffffn) | BigInt.asUintN(32, result)
      const oldLow = BigInt.asUintN(32, old)
      expect(word([atomic(op, 8, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([value, u64])
      expect(word([atomic(`fetch_${op}`, 8, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([
        old,
        u64,
      ])
      expect(word([atomic(op, 4, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([value, u32])
      expect(word([atomic(`fetch_${op}`, 4, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([
        oldLow,
        u32,
      ])
    })
  }

  test('xchg', () => {
    expect(word([atomic('xchg', 8, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([old, value])
    expect(word([atomic('xchg', 4, r1, 0, r2), mov64(r0, r2), exit()], old, value)).toEqual([
      0x8000_0001n,
      0xffff_ffff_8000_0003n,
    ])
  })

  test('cmpxchg stores where r0 is equal, and gives the old value in r0', () => {
    const body = (size: 4 | 8): Instruction[] => [atomic('cmpxchg', size, r1, 0, r2), exit()]
    expect(word(body(8), old, value, old)).toEqual([old, value])
    expect(word(body(8), old, value, old + 1n)).toEqual([old, old])
    expect(word(body(8), old, value, old & 0xffff_ffffn)).toEqual([old, old])
    expect(word(body(4), old, value, 0x7700_0000_8000_0001n)).toEqual([0x8000_0001n, 0xffff_ffff_8000_0003n])
    expect(word(body(4), old, value, 5n)).toEqual([0x8000_0001n, old])
  })
})

describe('calls of functions of the program', () => {
  test('have a stack of their own, keep r6 to r9 and clobber r1 to r5', () => {
    const body = [
      mov64(r6, 6),
      store(8, r10, -8, 1),
      mov64(r1, r10),
      callLocal(5),
      add64(r0, r6),
      load(8, r2, r10, -8),
      add64(r0, r2),
      exit(),
      exit(),
      // f(pointer into the caller's stack)
      mov64(r6, 100),
      store(8, r10, -8, 70),
      store(8, r1, -8, 5),
      load(8, r0, r10, -8),
      exit(),
    ]
    expect(run(body)).toBe(70n + 6n + 5n)
    expect(
      failure(() => run([callLocal(2), load(1, r0, r1, 0), exit(), mov64(r0, 0), exit()])),
    ).toBeInstanceOf(MemoryAccessError)
  })

  test('eight frames, not more', () => {
    // f(n): n == 0 ? 0 : f(n - 1) + 1
    const deep = (depth: number): Instruction[] => [
      mov64(r1, depth),
      callLocal(1),
      exit(),
      mov64(r0, 0),
      jeq64(r1, 0, 3),
      sub64(r1, 1),
      callLocal(-4),
      add64(r0, 1),
      exit(),
    ]
    expect(run(deep(6))).toBe(6n)
    const error = failure(() => run(deep(7)))
    expect(error).toBeInstanceOf(CallDepthError)
    expect(error.message).toBe(`${at(deep(7), 6)}: calls are nested deeper than 8 frames`)
  })

  test('a callback of a helper runs in the middle of it', () => {
    const helpers = generalHelpers({ now: () => 0n, random: () => 0 })
    const body = [
      store(8, r10, -8, 0),
      mov64(r1, 10),
      loadFunction(r2, 7),
      mov64(r3, r10),
      mov64(r4, 0),
      callHelper(181),
      load(8, r1, r10, -8),
      add64(r0, r1),
      exit(),
      // body(i, context): *(context - 8) += i; stop after 4
      load(8, r3, r2, -8),
      add64(r3, r1),
      store(8, r2, -8, r3),
      mov64(r0, 0),
      jne64(r1, 4, 1),
      mov64(r0, 1),
      exit(),
    ]
    expect(run(body, undefined, { helpers })).toBe(BigInt(5 + 0 + 1 + 2 + 3 + 4))
  })
})

describe('jumps', () => {
  test('gotol reaches further than 16 bits', () => {
    const far = Array.from({ length: 40_000 }, () => mov64(r0, 1))
    expect(run([mov64(r0, 0), gotol(40_000), ...far, exit()])).toBe(0n)
  })

  test('may_goto leaves a loop in the end', () => {
    const machine = new Machine([mov64(r0, 0), mayGoto(2), add64(r0, 1), ja(-3), exit()], {
      instructionLimit: 100_000_000,
    })
    expect(machine.run()).toBe(8n * 1024n * 1024n)
  })
})

describe('limits', () => {
  test('a program that does not end', () => {
    const error = failure(() => run([ja(-1)], undefined, { instructionLimit: 1000 }))
    expect(error).toBeInstanceOf(InstructionLimitError)
    expect(error.message).toBe(`${at([ja(-1)], 0)}: the program has run 1000 instructions without an end`)
  })

  test('exactly as many instructions as the limit are allowed', () => {
    const machine = new Machine([mov64(r0, 1), mov64(r0, 2), exit()], { instructionLimit: 3 })
    expect(machine.run()).toBe(2n)
    expect(machine.executed).toBe(3)
  })

  test('a program without an exit', () => {
    expect(failure(() => run([mov64(r0, 0)])).code).toBe('VM_FALLS_OFF_END')
  })

  test('a branch to nowhere', () => {
    expect(() => new Machine([ja(5), exit()])).toThrow(UnsupportedInstructionError)
    // Into the second half of a 64-bit immediate.
    expect(() => new Machine([ja(1), loadImm64(r0, 1), exit()])).toThrow(UnsupportedInstructionError)
  })

  test('opcodes that do not exist', () => {
    expect(() => new Machine([rawInstruction({ opcode: 0xff }), exit()])).toThrow(UnsupportedInstructionError)
  })
})

describe('helpers and kfuncs', () => {
  test('are found by name or number; their results are sign-extended', () => {
    const body = [mov64(r1, 5), callHelper(5), exit()]
    expect(run(body, undefined, { helpers: { 5: (call) => -Number(call.u64(0)) } })).toBe(2n ** 64n - 5n)
    expect(run(body, undefined, { helpers: { bpf_ktime_get_ns: () => 2n ** 63n } })).toBe(2n ** 63n)
    const kfuncs = { bpf_thing: () => 1, 77: () => 2 }
    expect(run([callKfunc('bpf_thing'), exit()], undefined, { kfuncs })).toBe(1n)
    expect(run([callKfuncById(77), exit()], undefined, { kfuncs })).toBe(2n)
  })

  test('get five arguments', () => {
    const body = [r1, r2, r3, r4, r5].map((register, i) => mov64(register, i - 2))
    const helpers = {
      1: (call: { s32(i: number): number }) => [0, 1, 2, 3, 4].reduce((s, i) => s * 10 + call.s32(i), 0),
    }
    expect(BigInt.asIntN(64, run([...body, callHelper(1), exit()], undefined, { helpers }))).toBe(-20988n)
  })

  test('leave garbage in r1 to r5, and in the upper half of results narrower than 64 bits', () => {
    const clobbered = [mov64(r6, r1), callHelper(1), load(1, r0, r1, 0), exit()]
    expect(failure(() => run(clobbered, undefined, { helpers: { 1: () => 0 } }))).toBeInstanceOf(
      MemoryAccessError,
    )
    const kfuncs = { small: () => 7 }
    const kfuncSpecs = [{ name: 'small', parameters: [], returns: 's32', since: '6.1' }]
    const result = run([callKfunc('small'), exit()], undefined, { kfuncs, kfuncSpecs })
    expect(result).not.toBe(7n)
    expect(BigInt.asUintN(32, result)).toBe(7n)
  })

  test('unknown ones', () => {
    const error = failure(() => run([callHelper(14), exit()]))
    expect(error).toBeInstanceOf(UnknownCallError)
    expect(error.message).toBe(
      `${at([callHelper(14)], 0)}: there is no bpf_get_current_pid_tgid in this interpreter`,
    )
    expect(error.hint).toBe('Give it one in the option "helpers".')
    expect(failure(() => run([callKfunc('nothing'), exit()])).message).toMatch(/there is no kfunc nothing in/)
  })

  test('access memory as the program may', () => {
    const helpers = {
      1: (call: { bytes(index: number, size: number): Uint8Array }) => call.bytes(0, 17).length,
    }
    const error = failure(() => run([callHelper(1), exit()], undefined, { helpers }))
    expect(error.message).toMatch(
      /^program, instruction 0 .*: read of 17 bytes at 0x20000: outside of the input/,
    )
  })
})

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

describe('legacy packet loads', () => {
  const packet = (): Uint8Array => Uint8Array.of(1, 2, 3, 4, 5, 6)

  test('are in network order, and end the program outside of the packet', () => {
    expect(run([loadAbsolute(4, 1), exit()], undefined, { packet })).toBe(0x02030405n)
    expect(run([mov64(r7, 2), loadIndirect(2, r7, 1), exit()], undefined, { packet })).toBe(0x0405n)
    expect(run([mov64(r8, 9), loadAbsolute(4, 3), mov64(r0, 5), exit()], undefined, { packet })).toBe(0n)
  })
})

describe('watching', () => {
  test('trace sees each instruction with its registers; counts add up', () => {
    const seen: [number, bigint | undefined][] = []
    const machine = new Machine([mov64(r0, 3), add64(r0, -1), jne64(r0, 0, -2), mov32(r0, 9), exit()], {
      trace: ({ index, registers }) => seen.push([index, registers[0]]),
    })
    expect(machine.run()).toBe(9n)
    expect(seen.slice(1)).toEqual([
      [1, 3n],
      [2, 2n],
      [1, 2n],
      [2, 1n],
      [1, 1n],
      [2, 0n],
      [3, 0n],
      [4, 9n],
    ])
    expect([...machine.counts]).toEqual([1, 3, 3, 1, 1])
    expect(machine.executed).toBe(9)
  })

  test('runs are independent of each other', () => {
    const machine = new Machine([load(1, r0, r1, 0), store(8, r10, -8, 1), exit()])
    const results = [5, 6].map((value) =>
      machine.run((memory) => [memory.map('input', Uint8Array.of(value))]),
    )
    expect(results).toEqual([5n, 6n])
  })
})
