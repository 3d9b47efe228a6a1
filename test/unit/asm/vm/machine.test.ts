import { describe, expect, test } from 'vitest'
import { add64, mov32, mov64, sub64 } from '../../../../src/asm/isa/alu.ts'
import { callHelper, callKfunc, callKfuncById, callLocal } from '../../../../src/asm/isa/call.ts'
import { rawInstruction } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, gotol, ja, jeq64, jne64, mayGoto } from '../../../../src/asm/isa/jump.ts'
import { loadFunction, loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { load, loadAbsolute, loadIndirect, store } from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r3, r4, r5, r6, r7, r8, r10 } from '../../../../src/asm/isa/registers.ts'
import {
  CallDepthError,
  InstructionLimitError,
  MemoryAccessError,
  UnknownCallError,
  UnsupportedInstructionError,
} from '../../../../src/asm/vm/errors.ts'
import { generalHelpers } from '../../../../src/asm/vm/helpers.ts'
import { Machine } from '../../../../src/asm/vm/machine.ts'
import { at, failure, run } from './run-instructions.ts'

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
