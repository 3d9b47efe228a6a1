import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { branchKind } from '../../../../src/asm/isa/branch.ts'
import { encode, slotCount } from '../../../../src/asm/isa/encode.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { atomicCode, loadImm64Opcode } from '../../../../src/asm/isa/opcodes.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'
import { arbitraryInstruction } from '../isa/arbitrary-instruction.ts'

// LLVM 14 knows nothing of cpu v4; Debian's package llvm-19 has these.
const mc = '/usr/bin/llvm-mc-19'
const objdump = '/usr/bin/llvm-objdump-19'
const objcopy = '/usr/bin/llvm-objcopy-19'
const installed = [mc, objdump, objcopy].every((tool) => existsSync(tool))

/** Instructions that LLVM 19 has the same notation for. */
function isOfLlvm(it: Instruction): boolean {
  const family = it.opcode & 0x07
  const atomic = family === 3 && (it.opcode & 0xe0) === 0xc0
  // Addresses of maps, functions and variables are relocations there; numbers that stand for them have no form.
  if (it.opcode === loadImm64Opcode) return it.src === 0
  if (it.opcode === 0x85) return it.src === 0
  // Acquire and release came with LLVM 20.
  if (atomic && (it.imm === atomicCode.load_acquire || it.imm === atomicCode.store_release)) return false
  // The legacy loads from skb[r7] have no constant there.
  if (family === 0 && (it.opcode & 0xe0) === 0x40) return it.imm === 0
  // LLVM 19 reads a numeric gotol of 16 bits only.
  return branchKind(it) !== 'gotol' || (it.imm >= -0x8000 && it.imm <= 0x7fff)
}

/** Our text as LLVM writes it: helpers by number, and w registers for what is loaded and stored below 64 bits. */
function ours(it: Instruction): string {
  const text = it.opcode === 0x85 ? `call ${it.imm}` : pseudoC(it)
  return text
    .replace(/^r(\d+) = (\*\(u(?:8|16|32) \*\)\()/, 'w$1 = $2')
    .replace(/^(\*\(u(?:8|16|32) \*\)\(.*\) = )r/, '$1w')
}

/** LLVM writes numbers in hexadecimal, and 64-bit constants with a sign. */
function decimal(text: string): string {
  return text.replace(/(-?)(0x[0-9a-f]+)/g, (_, sign, digits) =>
    BigInt.asIntN(64, sign === '-' ? -BigInt(digits) : BigInt(digits)).toString(),
  )
}

describe.skipIf(!installed)('LLVM 19 (skipped where the package llvm-19 is not installed)', () => {
  const program = fc.sample(arbitraryInstruction, { numRuns: 6000, seed: 19 }).filter(isOfLlvm)
  let directory: string

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsbpf-lb-llvm-'))
  })

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true })
  })

  function assembleWithLlvm(source: string, name: string): string {
    const object = join(directory, `${name}.o`)
    writeFileSync(join(directory, `${name}.s`), source)
    execFileSync(mc, [
      '-triple=bpfel',
      '-mcpu=v4',
      '-filetype=obj',
      join(directory, `${name}.s`),
      '-o',
      object,
    ])
    return object
  }

  it('has something of every kind to compare', () => {
    expect(program.length).toBeGreaterThan(4000)
    expect(new Set(program.map(({ opcode }) => opcode)).size).toBeGreaterThan(120)
  })

  it('llvm-objdump prints our bytes as we do, instruction by instruction', () => {
    const bytes = [...encode(program)].map((byte) => `.byte ${byte}`).join('\n')
    const object = assembleWithLlvm(`${bytes}\n`, 'bytes')
    const listing = execFileSync(objdump, ['-d', '--mcpu=v4', '--no-show-raw-insn', object], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    const theirs = new Map(
      [...listing.matchAll(/^\s*(\d+):\s+(.*?)\s*(?:<\.text[^>]*>)?$/gm)].map(([, slot, text = '']) => [
        Number(slot),
        text,
      ]),
    )
    let slot = 0
    for (const each of program) {
      expect(`${slot}: ${decimal(theirs.get(slot) ?? 'nothing')}`).toBe(`${slot}: ${decimal(ours(each))}`)
      slot += slotCount(each)
    }
  })

  it('llvm-mc assembles our text to our bytes', () => {
    const text = program.map((each) => (each.opcode === 0x85 ? ours(each) : pseudoC(each))).join('\n')
    const object = assembleWithLlvm(`${text}\n`, 'text')
    const section = join(directory, 'text.bin')
    execFileSync(objcopy, ['-O', 'binary', '--only-section=.text', object, section])
    const bytes = readFileSync(section)
    expect(bytes.equals(Buffer.from(encode(program)))).toBe(true)
  })
})
