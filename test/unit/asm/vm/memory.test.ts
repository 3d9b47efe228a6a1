import { describe, expect, test } from 'vitest'
import { add64, mov64 } from '../../../../src/asm/isa/alu.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit } from '../../../../src/asm/isa/jump.ts'
import { loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { atomic, load, loadAcquire, loadSigned, store, storeRelease } from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2, r3, r9, r10 } from '../../../../src/asm/isa/registers.ts'
import { MemoryAccessError } from '../../../../src/asm/vm/errors.ts'
import { Machine } from '../../../../src/asm/vm/machine.ts'
import { at, failure, run } from './run-instructions.ts'

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
