import { execFileSync } from 'node:child_process'
import { expect } from 'vitest'
import { add64, mov64 } from '../../../src/asm/isa/alu.ts'
import { callLocal } from '../../../src/asm/isa/call.ts'
import type { Instruction } from '../../../src/asm/isa/instruction.ts'
import { exit } from '../../../src/asm/isa/jump.ts'
import { store } from '../../../src/asm/isa/memory.ts'
import { r1, r2, r10 } from '../../../src/asm/isa/registers.ts'
import { disassembleX86 } from '../../../src/asm/machine-code/x86-64.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { observeLoad } from '../../../src/loader/program/observe-load.ts'
import { ingress } from '../../../src/programs/load-balancer/datapath/ingress.ts'
import { test } from '../support/kernel-test.ts'
import { installed } from '../support/namespaces.ts'
import { memorySize, randomProgram } from '../vm/random-program.ts'

const withLlvm = installed('llvm-mc-19') && process.arch === 'x64' ? test : test.skip

/** What llvm-mc makes of machine code, without the targets of jumps, which it prints as distances. */
function oracle(hex: string): string[] {
  return execFileSync('llvm-mc-19', ['--disassemble', '-triple=x86_64'], {
    input: hex.replace(/../g, '0x$& '),
  })
    .toString()
    .replace(/\block\n/g, 'lock ')
    .split('\n')
    .filter((line) => /^\s+[a-z]/.test(line) && !/^\s+\./.test(line))
    .map(comparable)
}

function comparable(text: string): string {
  return text
    .replace(/#.*/, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(j\w+|callq) (?!\*).*/, '$1')
    .replace(/%gs:\(?(\d+)\)?/, '%gs:$1')
}

function compare(spec: ProgramSpec): number {
  const code =
    observeLoad(spec)
      .machineCode?.pieces.map(({ bytes }) => bytes)
      .join('') ?? ''
  const ours = disassembleX86(Uint8Array.from(Buffer.from(code, 'hex'))).map(({ text }) => comparable(text))
  expect(ours).toEqual(oracle(code))
  return ours.length
}

withLlvm('the load balancer’s machine code reads as llvm-mc reads it', () => {
  expect(compare(ingress())).toBeGreaterThan(400)
})

/** A function that gets memory to work on: zeroes on its caller's stack. */
function onMemory(body: readonly Instruction[]): ProgramSpec {
  const zeroes = Array.from({ length: memorySize / 8 }, (_, index) => store(8, r10, -8 * (index + 1), 0))
  const caller = [
    ...zeroes,
    mov64(r1, r10),
    add64(r1, -memorySize),
    mov64(r2, memorySize),
    callLocal(1),
    exit(),
  ]
  return {
    name: 'random',
    type: 'sched_cls',
    license: 'GPL',
    instructions: [...caller, ...body],
    functions: [
      { name: 'random', start: 0 },
      { name: 'body', start: caller.length },
    ],
    maps: [],
    kfuncs: [],
  }
}

withLlvm('so does that of random programs', () => {
  let instructions = 0
  for (let seed = 1; seed <= 60; seed++) instructions += compare(onMemory(randomProgram(seed)))
  expect(instructions).toBeGreaterThan(5000)
})
