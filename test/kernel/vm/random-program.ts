import { assemble } from '../../../src/asm/assemble/assembler.ts'
import { branch, type Item, label, plain } from '../../../src/asm/assemble/items.ts'
import { alu, aluOps, be, bswap, le, mov64, movsx, neg } from '../../../src/asm/isa/alu.ts'
import type { Instruction } from '../../../src/asm/isa/instruction.ts'
import { exit, jump, jumpOps } from '../../../src/asm/isa/jump.ts'
import { loadImm64 } from '../../../src/asm/isa/load-imm64.ts'
import { atomic, atomicOps, load, loadSigned, store } from '../../../src/asm/isa/memory.ts'
import { type Register, r0, r1, r9, r10, register } from '../../../src/asm/isa/registers.ts'

/** Bytes of memory and of stack that random programs use. */
export const memorySize = 64
const stackSize = 64

/** A source of numbers that gives the same ones for the same seed (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const sizes = [1, 2, 4, 8] as const

/**
 * A random program that the verifier takes: r9 keeps the memory's address, r0 and r2 to r8 hold numbers from the
 * start, every access is inside of the memory or of the stack, every jump goes forward. Everything it computes is
 * written to the memory in the end.
 */
export function randomProgram(seed: number): readonly Instruction[] {
  const pick = numbers(seed)
  const one = <T>(list: readonly T[]): T => list[pick(list.length)] as T
  const scalars: readonly Register[] = [0, 2, 3, 4, 5, 6, 7, 8].map(register)
  const constant = (): number =>
    one([0, 1, -1, 2, 7, 31, 255, -128, 0x7fff_ffff, -0x8000_0000, pick(2 ** 31), -pick(2 ** 31)])
  const place = (size: number): number => pick(memorySize / size) * size
  const onStack = (size: number): number => -stackSize + pick(stackSize / size) * size

  const arithmetic = (): Instruction => {
    const op = one(aluOps)
    const bits = one([32, 64] as const)
    if (pick(2) === 0) return alu(op, bits, one(scalars), one(scalars))
    const shift = op === 'lsh' || op === 'rsh' || op === 'arsh'
    const division = op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod'
    return alu(op, bits, one(scalars), shift ? pick(bits) : division ? pick(1000) + 1 : constant())
  }
  const other = (): Instruction => {
    const [dst, src, size] = [one(scalars), one(scalars), one(sizes)]
    const wide = one([4, 8] as const)
    switch (pick(12)) {
      case 0:
        return neg(one([32, 64] as const), dst)
      case 1:
        return one([le, be, bswap])(dst, one([16, 32, 64] as const))
      case 2:
        return pick(2) === 0
          ? movsx(64, dst, src, one([8, 16, 32] as const))
          : movsx(32, dst, src, one([8, 16] as const))
      case 3:
        return loadImm64(dst, BigInt.asUintN(64, (BigInt(pick(2 ** 32)) << 32n) | BigInt(pick(2 ** 32))))
      case 4:
        return load(size, dst, r9, place(size))
      case 5:
        return load(size, dst, r10, onStack(size))
      case 6:
        return store(size, r9, place(size), src)
      case 7:
        return store(size, r10, onStack(size), src)
      case 8:
        return store(size, r10, onStack(size), size < 4 ? pick(100) : constant())
      case 9: {
        const narrow = one([1, 2, 4] as const)
        return loadSigned(narrow, dst, r9, place(narrow))
      }
      default:
        return atomic(one(atomicOps), wide, r10, onStack(wide), src)
    }
  }
  const items: Item[] = [plain(mov64(r9, r1))]
  for (const scalar of scalars)
    items.push(plain(loadImm64(scalar, BigInt(pick(2 ** 32)) * BigInt(pick(2 ** 32)))))
  for (let at = 0; at < stackSize; at += 8) items.push(plain(store(8, r10, -stackSize + at, constant())))

  const length = 5 + pick(40)
  const labels: { readonly name: string; readonly at: number }[] = []
  for (let i = 0; i < length; i++) {
    for (const { name } of labels.filter(({ at }) => at === i)) items.push(label(name))
    const what = pick(10)
    if (what < 5) items.push(plain(arithmetic()))
    else if (what < 8) items.push(plain(other()))
    else {
      const target = { name: `l${labels.length}`, at: i + 1 + pick(length - i) }
      labels.push(target)
      const operand = pick(2) === 0 ? one(scalars) : constant()
      items.push(branch(jump(one(jumpOps), one([32, 64] as const), one(scalars), operand), target.name))
    }
  }
  for (const { name, at } of labels) if (at >= length) items.push(label(name))
  scalars.slice(0, memorySize / 8).forEach((scalar, i) => {
    if (scalar !== r0) items.push(plain(store(8, r9, i * 8, scalar)))
  })
  items.push(plain(exit()))
  return assemble(items).instructions
}
