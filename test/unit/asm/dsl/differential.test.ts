import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompileOptions } from '../../../../src/asm/ir/compile.ts'
import { StackOverflowError } from '../../../../src/asm/ir/machine/stack.ts'
import { passes } from '../../../../src/asm/ir/pipeline.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { aluCode, instructionClass, operandSource } from '../../../../src/asm/isa/opcodes.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { build, run } from './random/build.ts'
import { anyProgram, type RandomProgram } from './random/program.ts'
import { Reference } from './random/reference.ts'

/**
 * Without `simplify` no copy of a variable is recognised as one; larger programs then need too much stack. So can loops
 * whose bodies are functions, one inside of the other.
 */
function buildUnlessTooDeep(program: RandomProgram, options: CompileOptions): ProgramSpec | undefined {
  try {
    return build(program, options)
  } catch (error) {
    const simplified = options.passes === undefined || options.passes.includes('simplify')
    if (error instanceof StackOverflowError && (!simplified || hasCallbacks(program))) return undefined
    throw error
  }
}

function hasCallbacks(program: RandomProgram): boolean {
  const text = JSON.stringify(program, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  return text.includes('"bpf_loop"')
}

/** More with `RUNS=1000`. */
const runs = Number(process.env.RUNS ?? 60)

const ways: readonly { readonly name: string; readonly options: CompileOptions }[] = [
  { name: 'all passes', options: {} },
  { name: 'no passes', options: { passes: 'none' } },
  ...passes.map((pass) => ({ name: `${pass.name} alone`, options: { passes: [pass.name] } })),
]

/** What the kernel's verifier would not load: a shift by the width or more, a division by zero, as immediates. */
function isRefused({ opcode, imm }: Instruction): boolean {
  const family = opcode & 0x07
  if (family !== instructionClass.alu && family !== instructionClass.alu64) return false
  if ((opcode & operandSource.register) !== 0) return false
  const operation = opcode & 0xf0
  if (operation === aluCode.div || operation === aluCode.mod) return imm === 0
  const shifts = operation === aluCode.lsh || operation === aluCode.rsh || operation === aluCode.arsh
  return shifts && (imm < 0 || imm >= (family === instructionClass.alu64 ? 64 : 32))
}

describe('a random program does what it means', () => {
  for (const { name, options } of ways)
    test(name, () => {
      fc.assert(
        fc.property(anyProgram, (program) => {
          const spec = buildUnlessTooDeep(program, options)
          fc.pre(spec !== undefined)
          expect(run(spec)).toEqual(new Reference(program).run(program.body))
          expect(spec.instructions.filter(isRefused)).toEqual([])
        }),
        { numRuns: name.endsWith('alone') ? Math.ceil(runs / 4) : runs },
      )
    }, 300_000)
})
